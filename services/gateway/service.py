"""The gateway on Nameko: every request over HTTP comes in here."""

from __future__ import annotations

from werkzeug.wrappers import Response

from services.gateway.application.handling import handle
from services.gateway.application.identity import Identity
from services.gateway.application.pages import PAGES
from services.gateway.application.routes import Page, Route, routes
from shared.platform.client import RpcClient
from shared.platform.settings import settings
from shared.platform.web import Request, http


class GatewayService:
    name = "gateway"
    rpc = RpcClient()
    identity = Identity()

    @http(lambda: (*routes(settings().production), *PAGES))
    def answer(self, endpoint: Route | Page, request: Request) -> Response:
        if isinstance(endpoint, Page):
            return endpoint.answer(request, self.rpc)
        return handle(endpoint, request, self.rpc, self.identity)
