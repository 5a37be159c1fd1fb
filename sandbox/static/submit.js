// Sends the form of response_mode=form_post at once; without scripts the button does it.
document.getElementById("back").submit();
