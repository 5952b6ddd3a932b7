from django.urls import path

from people import views

app_name = "people"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("account/", views.account, name="account"),
    path("account/password/", views.password, name="password"),
    path("account/tokens/", views.tokens, name="tokens"),
    path("account/tokens/<uuid:token>/revoke/", views.revoke_token, name="revoke-token"),
    path("invitations/", views.invitations, name="invitations"),
    path("invitations/<uuid:invitation>/revoke/", views.revoke_invitation, name="revoke-invitation"),
    path("invitation/<str:told>/", views.invitation, name="invitation"),
]
