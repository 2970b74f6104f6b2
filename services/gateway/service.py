"""The gateway on Nameko: every request over HTTP comes in here."""

from __future__ import annotations

from werkzeug.wrappers import Response

from services.gateway.application import events
from services.gateway.application.handling import handle
from services.gateway.application.identity import Identity
from services.gateway.application.limiting import Limiting
from services.gateway.application.pages import PAGES
from services.gateway.application.route import Page, Route
from services.gateway.application.routes import routes
from services.gateway.application.streams import OpenStreams
from shared.platform.client import RpcClient
from shared.platform.settings import settings
from shared.platform.web import Request, http


class GatewayService:
    name = "gateway"
    rpc = RpcClient()
    identity = Identity()
    streams = OpenStreams()
    limits = Limiting()

    @http(lambda: (*routes(settings().production), *PAGES))
    def answer(self, endpoint: Route | Page, request: Request) -> Response:
        if isinstance(endpoint, Page):
            return endpoint.answer(request, self.rpc)
        if endpoint.is_stream:
            return events.follow(endpoint, request, self.rpc, self.identity, self.limits, self.streams)
        return handle(endpoint, request, self.rpc, self.identity, self.limits)
