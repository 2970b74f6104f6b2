"""HTTP on Nameko's extension points: a guarded server (eventlet.wsgi, Werkzeug), the `http` entrypoint, problem documents. No route of its own."""

from shared.platform.web.entrypoint import Endpoint, http
from shared.platform.web.ongoing import Ongoing
from shared.platform.web.problems import problem
from shared.platform.web.request import Request

__all__ = ["Endpoint", "Ongoing", "Request", "http", "problem"]
