// Shows this server's own OpenAPI document. No validator badge: it would ask a third party.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#page", deepLinking: true, docExpansion: "list", defaultModelsExpandDepth: 0, validatorUrl: null });
