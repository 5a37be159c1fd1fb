"""What programs call: REST with an OpenAPI document, and the tokens that let them in."""
