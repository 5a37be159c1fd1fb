"""Addresses of the accounts pages."""

from django.urls import path

from accounts.views import connections, queue

app_name = "accounts"
urlpatterns = [
    path("connections/", connections.connections, name="connections"),
    path("connections/new/", connections.new_connection, name="new_connection"),
    path("connections/queue/", queue.queue, name="queue"),
    path("connections/queue/begin/", queue.begin, name="begin_queue"),
    path("connections/queue/skip/", queue.skip, name="skip"),
    path("connections/queue/end/", queue.end, name="end_queue"),
    # Registered at the vendor letter for letter: no slash at the end.
    path("connections/callback", connections.callback, name="callback"),
    path(
        "connections/requests/<int:pk>/", connections.background_request, name="background_request"
    ),
    path("connections/<int:pk>/authorise/", connections.authorise, name="authorise"),
    path(
        "connections/<int:pk>/sign-out/",
        connections.sign_out_of_vendor,
        name="sign_out_of_vendor",
    ),
    path("connections/<int:pk>/disconnect/", connections.disconnect, name="disconnect"),
    path("connections/<int:pk>/remove/", connections.remove, name="remove_connection"),
]
