from django.urls import path

from accounts.views import account, invitations, sign_in

app_name = "accounts"
urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/once/<str:who>/<str:token>/", sign_in.sign_in_once, name="sign-in-once"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/delete/", account.delete, name="delete"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("instructor/invitations/", invitations.invitations, name="invitations"),
    path("instructor/invitations/<int:invitation>/revoke/", invitations.revoke, name="revoke"),
]
