"""The HTTP face as one table: what is asked where, which operation answers it, and how its answer is shown.

Routing, handling and the OpenAPI document all come from these rows.
"""

from __future__ import annotations

from marshmallow import Schema

from services.gateway.application.route import DELETE, GET, PATCH, POST, PUT, Route
from shared.contracts import (
    accounts,
    api_keys,
    catalog,
    credentials,
    documents,
    exchange,
    freight,
    labels,
    logistics,
    logistics_orders,
    orders,
    payment_methods,
    payment_provider,
    payments,
    payouts,
    presence,
    purchases,
    quotes,
    tariffs,
    tickets,
    totp,
    tracking,
    trade_events,
    verification,
)
from shared.contracts.operations import Operation

ENQUIRY, ORDER, PRODUCT, PURCHASE = "/v1/enquiries/{id}", "/v1/orders/{id}", "/v1/products/{id}", "/v1/purchases/{id}"
PARCEL = "/v1/logistics-orders/{id}"
DOCUMENT = "/v1/documents/{id}"
VERIFICATION = "/v1/verifications/{id}"
TICKET = "/v1/tickets/{id}"
LABEL_BATCH = "/v1/label-batches/{id}"
REFUND = "/v1/refunds/{id}"
PAYOUT = "/v1/payouts/{id}"

# fmt: off
ROUTES = (
    Route(POST,  "/v1/accounts",                           accounts.REGISTER,            "Register as buyer or supplier", 201, public=True, location="/v1/me"),
    Route(POST,  "/v1/sessions",                           accounts.SIGN_IN,             "Sign in", 201, public=True),
    Route(POST,  "/v1/sessions/refresh",                   accounts.REFRESH,             "Exchange a refresh token for new tokens", public=True),
    Route(GET,   "/v1/me",                                 accounts.ME,                  "The caller's account"),
    Route(PATCH, "/v1/me",                                 accounts.CHANGE_ME,           "Change some of what the caller's account says"),
    Route(POST,  "/v1/email-confirmations",                credentials.CONFIRM_EMAIL,    "Confirm an e-mail address by the token that was mailed there", public=True),
    Route(POST,  "/v1/me/email-confirmation",              credentials.SEND_EMAIL_CONFIRMATION, "Mail the token that confirms the caller's e-mail address once more", 202),
    Route(PUT,   "/v1/me/email",                           credentials.CHANGE_EMAIL,     "Change the caller's e-mail address, once the new one is confirmed", 202),
    Route(PUT,   "/v1/me/password",                        credentials.CHANGE_PASSWORD,  "Change the caller's password: all other sessions end"),
    Route(POST,  "/v1/password-resets",                    credentials.ASK_FOR_PASSWORD_RESET, "Have a token mailed that replaces a forgotten password", 202, public=True),
    Route(PUT,   "/v1/password-resets",                    credentials.RESET_PASSWORD,   "Replace a forgotten password by that token: all sessions end", public=True),
    Route(GET,   "/v1/me/sessions",                        credentials.LIST_SESSIONS,    "Where the caller is signed in"),
    Route(DELETE, "/v1/me/sessions",                       credentials.END_ALL_SESSIONS, "Sign out everywhere"),
    Route(DELETE, "/v1/me/sessions/{id}",                  credentials.END_SESSION,      "Sign one session out"),
    Route(GET,   "/v1/me/totp",                            totp.GET_TOTP,                "Whether signing in takes a second factor"),
    Route(POST,  "/v1/me/totp",                            totp.ENROL_TOTP,              "Enrol an authenticator app: a secret, to be confirmed by a code of it", 201),
    Route(PUT,   "/v1/me/totp",                            totp.CONFIRM_TOTP,            "Confirm it by a code: recovery codes are shown this once"),
    Route(POST,  "/v1/me/totp/disable",                    totp.DISABLE_TOTP,            "Sign in by password alone again"),
    Route(POST,  "/v1/me/api-keys",                        api_keys.CREATE_API_KEY,      "Make an API key: its secret is shown this once", 201),
    Route(GET,   "/v1/me/api-keys",                        api_keys.LIST_API_KEYS,       "The caller's API keys"),
    Route(DELETE, "/v1/me/api-keys/{id}",                  api_keys.REVOKE_API_KEY,      "Revoke an API key"),

    Route(POST,  "/v1/me/verification",                    verification.SUBMIT_VERIFICATION,  "Submit who the caller is, to be verified", 201, location=VERIFICATION),
    Route(GET,   "/v1/me/verification",                    verification.GET_OWN_VERIFICATION, "Whether the caller is verified, and what was submitted"),
    Route(GET,   "/v1/verifications",                      verification.LIST_VERIFICATIONS,   "Verifications (operators)"),
    Route(GET,   VERIFICATION,                             verification.GET_VERIFICATION,     "A verification, and what the caller may do now"),
    Route(POST,  VERIFICATION + "/actions/approve",        verification.APPROVE_VERIFICATION, "Find the account to be who it says (operators)"),
    Route(POST,  VERIFICATION + "/actions/refuse",         verification.REFUSE_VERIFICATION,  "Refuse a verification (operators)"),
    Route(POST,  VERIFICATION + "/actions/withdraw",       verification.WITHDRAW_VERIFICATION, "Withdraw an approval (operators)"),

    Route(POST,  "/v1/documents",                          documents.UPLOAD_DOCUMENT,    "Upload a document: its bytes are the body", 201, location=DOCUMENT),
    Route(GET,   DOCUMENT,                                 documents.DESCRIBE_DOCUMENT,  "What a document is"),
    Route(GET,   DOCUMENT + "/content",                    documents.DOWNLOAD_DOCUMENT,  "A document's bytes"),

    Route(POST,  "/v1/tickets",                            tickets.OPEN_TICKET,          "Contact us, signed in or with an e-mail address", 201, public=True, knows_caller=True, location=TICKET),
    Route(GET,   "/v1/tickets",                            tickets.LIST_TICKETS,         "The caller's tickets; everybody's for operators"),
    Route(GET,   TICKET,                                   tickets.GET_TICKET,           "A ticket with its messages, and what the caller may do now"),
    Route(POST,  TICKET + "/messages",                     tickets.WRITE_ON_TICKET,      "Write on a ticket; an operator answers it with that"),
    Route(POST,  TICKET + "/actions/close",                tickets.CLOSE_TICKET,         "Close a ticket"),
    Route(POST,  TICKET + "/actions/reopen",               tickets.REOPEN_TICKET,        "Reopen a ticket"),

    Route(POST,  "/v1/products",                           catalog.ADD_PRODUCT,          "Add a product to the caller's library", 201, location=PRODUCT),
    Route(GET,   "/v1/products",                           catalog.LIST_PRODUCTS,        "Find products"),
    Route(GET,   PRODUCT,                                  catalog.GET_PRODUCT,          "A product"),
    Route(PATCH, PRODUCT,                                  catalog.CHANGE_PRODUCT,       "Change some of a product's facts"),
    Route(PUT,   PRODUCT + "/stock",                       catalog.SET_STOCK,            "Set a product's counted stock"),

    Route(GET,   "/v1/channels",                           logistics.LIST_CHANNELS,      "Logistics channels"),
    Route(POST,  "/v1/quotes",                             quotes.QUOTE,                 "What sending some packages costs, by every channel that can carry them"),
    Route(GET,   "/v1/tariffs",                            tariffs.LIST_TARIFFS,         "The channels' tariffs, past and to come (operators)"),
    Route(GET,   "/v1/tariffs/{channel}",                  tariffs.GET_TARIFF,           "A channel's tariff in full (operators)"),
    Route(PUT,   "/v1/tariffs/{channel}",                  tariffs.PUT_TARIFF,           "Give a channel a tariff, from a day on (operators)"),

    Route(POST,  "/v1/enquiries",                          orders.OPEN_ENQUIRY,          "Ask a supplier for products", 201, location=ENQUIRY),
    Route(GET,   "/v1/enquiries",                          orders.LIST_ENQUIRIES,        "The caller's enquiries"),
    Route(GET,   ENQUIRY,                                  orders.GET_ENQUIRY,           "An enquiry with its offers, and what the caller may do now"),
    Route(POST,  ENQUIRY + "/actions/offer",               orders.MAKE_OFFER,            "Offer complete terms, or make a counter-offer"),
    Route(POST,  ENQUIRY + "/actions/accept",              orders.ACCEPT_ENQUIRY,        "Accept: one order is made of it", 201, location=ORDER),
    Route(POST,  ENQUIRY + "/actions/cancel",              orders.CANCEL_ENQUIRY,        "Cancel an enquiry"),
    Route(POST,  ENQUIRY + "/messages",                    orders.SEND_MESSAGE,          "Write to the other party"),
    Route(GET,   ENQUIRY + "/presence",                    presence.GET_ENQUIRY_PRESENCE, "Whether the enquiry's parties are there, and when they were seen last"),

    Route(POST,  "/v1/orders",                             orders.PLACE_ORDER,           "Order straight from listings, at their prices", 201, location=ORDER),
    Route(POST,  "/v1/purchases",                          purchases.PLACE_PURCHASE,        "Order a basket of several suppliers' listings", 201, location=PURCHASE),
    Route(GET,   PURCHASE,                                 purchases.GET_PURCHASE,          "A purchase with its orders"),
    Route(GET,   "/v1/orders",                             orders.LIST_ORDERS,           "The caller's orders"),
    Route(GET,   ORDER,                                    orders.GET_ORDER,             "An order with its history, and what the caller may do now"),
    Route(POST,  ORDER + "/actions/{action}",              orders.ACT_ON_ORDER,          "Do one of the order's actions", body_as="form"),
    Route(PUT,   ORDER + "/drafts/{step}",                 orders.SAVE_DRAFT,            "Keep the step's form as a draft, complete or not", body_as="form"),
    Route(GET,   ORDER + "/presence",                      presence.GET_ORDER_PRESENCE,  "Whether the order's parties are there, and when they were seen last"),
    Route(GET,   ORDER + "/payments",                      payments.GET_ORDER_PAYMENTS,  "What is due, paid and held for an order"),
    Route(POST,  ORDER + "/refunds",                       payment_methods.MAKE_REFUND,        "Give the buyer part of what is held back (operators)", 201, location=REFUND),
    Route(GET,   ORDER + "/shipment",                      logistics.GET_SHIPMENT,       "An order's shipment, tracking and papers"),
    Route(GET,   ORDER + "/label",                         labels.GET_LABEL,             "The order's labels, one a package, as PDF"),
    Route(GET,   ORDER + "/documents/{name}",              logistics.GET_DOCUMENT,       "One of the order's documents, as PDF"),

    Route(POST,  ORDER + "/logistics-order",               logistics_orders.CREATE_LOGISTICS_ORDER,     "Ship online: book the order's channel", 201, location=PARCEL),
    Route(GET,   ORDER + "/logistics-order",               logistics_orders.GET_ORDERS_LOGISTICS_ORDER, "The order's latest logistics order"),
    Route(GET,   PARCEL,                                   logistics_orders.GET_LOGISTICS_ORDER,        "A logistics order, and what the caller may do now"),
    Route(POST,  PARCEL + "/void",                         logistics_orders.VOID_LOGISTICS_ORDER,       "Void it before the shipping notice: its freight is given back"),
    Route(PUT,   PARCEL + "/domestic-waybill",             logistics_orders.TELL_DOMESTIC_WAYBILL,      "Tell the number of the domestic carrier that brings it to the warehouse"),
    Route(POST,  "/v1/warehouse-scans",                    logistics_orders.SCAN_PARCEL,                "Scan a parcel in (warehouses)"),
    Route(POST,  PARCEL + "/weighings",                    logistics_orders.WEIGH_PARCEL,               "Weigh and measure it (warehouses)"),
    Route(POST,  PARCEL + "/hand-over",                    logistics_orders.HAND_OVER_PARCEL,           "Hand it over to the carrier (warehouses)"),
    Route(POST,  "/v1/undeliverable-reports",              logistics_orders.REPORT_UNDELIVERABLE,       "Report a parcel that cannot be delivered (carriers, warehouses)"),
    Route(POST,  PARCEL + "/return",                       logistics_orders.CONFIRM_RETURN,             "Confirm that the sender has it back (warehouses)"),

    Route(GET,   "/v1/events",                             trade_events.LIST_EVENTS,     "Events of the caller's trades as they happen, as server-sent events"),

    Route(POST,  "/v1/label-batches",                      labels.MAKE_LABEL_BATCH,      "Print many orders' labels into one document", 201, location=LABEL_BATCH),
    Route(GET,   LABEL_BATCH,                              labels.GET_LABEL_BATCH,       "How far a batch of labels is, and which orders failed"),
    Route(GET,   LABEL_BATCH + "/document",                labels.GET_LABEL_BATCH_DOCUMENT, "A batch's labels, as PDF"),
    Route(POST,  "/v1/tracking-events",                    logistics.REPORT_TRACKING,    "Report where a shipment is (carriers)"),
    Route(POST,  "/v1/carrier-callbacks/{sender}",         tracking.RECEIVE_CALLBACK,    "A carrier's own system tells tracking events, signed", public=True),
    Route(GET,   "/v1/tracking/{number}",                  tracking.TRACK,               "How far a parcel is, and whose number it is", public=True, knows_caller=True),
    Route(GET,   "/v1/balances",                           payments.GET_BALANCES,        "The caller's funds on the platform"),
    Route(GET,   "/v1/payment-provider",                   payment_provider.GET_PAYMENT_PROVIDER, "Where a card, wallet or bank account becomes a token"),
    Route(POST,  "/v1/payouts",                            payouts.REQUEST_PAYOUT,       "Have funds of the caller's balance paid to a bank account", 201, location=PAYOUT),
    Route(GET,   "/v1/payouts",                            payouts.LIST_PAYOUTS,         "The caller's payouts; operators see everybody's"),
    Route(GET,   PAYOUT,                                   payouts.GET_PAYOUT,           "A payout"),
    Route(POST,  PAYOUT + "/actions/confirm",              payouts.CONFIRM_PAYOUT,       "Confirm that the bank has paid it (operators)"),
    Route(POST,  PAYOUT + "/actions/reject",               payouts.REJECT_PAYOUT,        "Refuse it: the funds go back to the balance (operators)"),
    Route(POST,  "/v1/deposits",                           payments.DEPOSIT,             "Book money that came by bank for an account (operators)"),
    Route(POST,  "/v1/freight-account",                    freight.BIND_FREIGHT_ACCOUNT, "Bind a freight account (suppliers)", 201, location="/v1/freight-account"),
    Route(GET,   "/v1/freight-account",                    freight.GET_FREIGHT_ACCOUNT,  "The caller's freight account and its latest charges"),
    Route(POST,  "/v1/freight-account/top-ups",            freight.TOP_UP_FREIGHT_ACCOUNT, "Top the freight account up from the caller's balance"),
    Route(GET,   "/v1/exchange-rates",                     exchange.LIST_EXCHANGE_RATES, "The exchange rates that count now, or at another time"),
    Route(POST,  "/v1/exchange-quotes",                    exchange.QUOTE_EXCHANGE,      "What an amount comes to in another currency now"),
    Route(PUT,   "/v1/exchange-rates",                     exchange.ADD_EXCHANGE_RATES,  "Add exchange rates (operators)"),
    Route(GET,   REFUND,                                   payment_methods.GET_REFUND,         "A refund, and whether the buyer has it"),

    Route(POST,  "/v1/payment-methods",                    payment_methods.ADD_PAYMENT_METHOD, "Bind a means of payment by its provider's token", 201),
    Route(GET,   "/v1/payment-methods",                    payment_methods.LIST_PAYMENT_METHODS,  "The caller's means of payment"),
    Route(DELETE, "/v1/payment-methods/{id}",              payment_methods.REMOVE_PAYMENT_METHOD, "Forget a means of payment"),
    Route(POST,  "/v1/payment-callbacks/{sender}",         payment_methods.PAYMENT_CALLBACK,   "Where payment providers say that something happened", public=True),

    Route(GET,   "/v1/test-clock",                         orders.GET_CLOCK,             "The time that deadlines go by", development=True),
    Route(POST,  "/v1/test-clock",                         orders.ADVANCE_CLOCK,         "Advance that time (operators)", development=True),
)
# fmt: on

READERS: dict[type[Schema], Operation] = {
    labels.LabelBatch: labels.GET_LABEL_BATCH,
    orders.Order: orders.GET_ORDER,
    purchases.Purchase: purchases.GET_PURCHASE,
    logistics_orders.LogisticsOrder: logistics_orders.GET_LOGISTICS_ORDER,
    payment_methods.PaymentRefund: payment_methods.GET_REFUND,
    freight.FreightAccount: freight.GET_FREIGHT_ACCOUNT,
}
"""Answers that may await other services (`awaiting`) → the operation that reads them again: by `id`, or the caller's own."""


def routes(production: bool) -> tuple[Route, ...]:
    """The routes that are there."""
    return tuple(route for route in ROUTES if not (production and route.development))
