import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from generation import status
from tests.pages import browser

PASSWORD = "a long pass phrase"


@pytest.fixture(autouse=True)
def fresh(db: None, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # slow ones are Django's to test
    status.current()  # forgets the workers of other tests


@pytest.fixture
def client() -> Client:
    """Somebody's browser."""
    return browser()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


@pytest.fixture
def staff() -> Client:
    """The browser of somebody who looks after the site."""
    client = browser()
    client.force_login(User.objects.create_user("owner", password=PASSWORD, is_staff=True))
    return client
