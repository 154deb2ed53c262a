"""The errors that a caller may see.

    GatewayError
    ├── CallerError                       400 and its kin: the request is at fault
    │   ├── InvalidRequest                400 invalid_request_error
    │   │   └── PreviousResponseNotFound  400 previous_response_not_found
    │   ├── Unauthenticated               401 invalid_api_key
    │   ├── Forbidden                     403 forbidden
    │   ├── NotFound                      404 not_found
    │   │   └── UnknownModel              404 model_not_found
    │   ├── MethodNotAllowed              405 method_not_allowed
    │   ├── RequestTimeout                408 request_timeout: the caller did not go on with it
    │   ├── UnsupportedMedia              415 unsupported_media_type
    │   ├── TooLarge                      413 request_too_large
    │   ├── HeadersTooLarge               431 headers_too_large
    │   └── HungUp                        499 never sent: the caller left
    ├── PolicyError                       the policy said no
    │   ├── Blocked                       403 policy_blocked
    │   │   └── RemoteTools               403 policy_blocked: goes on to a model that may
    │   ├── NoClearedModel                403 policy_no_cleared_model
    │   └── NoModelInService              503 policy_no_model_in_service
    ├── ProviderError                     a model could not answer
    │   ├── ProviderRefused               4xx, the upstream's own words
    │   │   └── ContextLength             400 context_length_exceeded
    │   ├── ProviderAuthentication        502 provider_authentication
    │   ├── ProviderOverloaded            503 provider_overloaded
    │   │   └── ProviderRateLimited       429 rate_limit_exceeded, as clients know it
    │   │   └── ProviderBusy              503 provider_overloaded: its deployments have no room, by the policy
    │   ├── ProviderUnavailable           502 provider_unavailable
    │   │   └── CircuitOpen               503 provider_circuit_open: it failed too often, and is given a rest
    │   ├── ProviderTimeout               504 provider_timeout
    │   ├── ProviderBroken                502 provider_stream_broken
    │   ├── SpeaksAnother                 400 provider_speaks_another_api: goes on to one that has the words
    │   └── Abstained                     503 model_abstained: goes on to the teacher
    └── InternalError                     500 internal_error: ours
        ├── Overloaded                    503 overloaded: as many requests are under way as may be
        └── NotReady                      503 not_ready

No message holds a prompt, a key or a path of the machine. This page imports nothing of ours.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar


class GatewayError(Exception):
    """What a caller may see: `status` is HTTP's, `type` and `code` are OpenAI's, `fault` says whose it is.

    `fault` is caller, policy, provider or gateway; `error_type` is the metric label (fault and code).
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str] = "internal_error"
    fault: ClassVar[str] = "gateway"

    def __init__(
        self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}

    @property
    def http_status(self) -> int:
        return self.status

    @property
    def error_type(self) -> str:
        """One of a closed list: `{fault}_{code}`, the fault not said twice."""
        return self.code if self.code.startswith(self.fault + "_") else f"{self.fault}_{self.code}"

    def body(self) -> dict[str, Any]:
        """The error in OpenAI's shape."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class CallerError(GatewayError):
    status, type, code, fault = 400, "invalid_request_error", "invalid_request", "caller"


class InvalidRequest(CallerError):
    pass


class Unauthenticated(CallerError):
    status, code = 401, "invalid_api_key"


class Forbidden(CallerError):
    status, code = 403, "forbidden"


class NotFound(CallerError):
    status, code = 404, "not_found"


class UnknownModel(NotFound):
    code = "model_not_found"


class PreviousResponseNotFound(InvalidRequest):
    """What a body refers to is not kept here; OpenAI calls it a bad request, too."""

    code = "previous_response_not_found"


class MethodNotAllowed(CallerError):
    status, code = 405, "method_not_allowed"


class RequestTimeout(CallerError):
    """The connection ends with it: what comes after may still belong to the request."""

    status, code = 408, "request_timeout"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"connection": "close"})


class TooLarge(CallerError):
    status, code = 413, "request_too_large"


class HeadersTooLarge(CallerError):
    status, code = 431, "headers_too_large"


class UnsupportedMedia(CallerError):
    status, code = 415, "unsupported_media_type"


class HungUp(CallerError):
    status, code = 499, "hung_up"


class PolicyError(GatewayError):
    status, type, code, fault = 403, "policy_error", "policy_refused", "policy"

    def __init__(
        self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, param=param, headers={"x-should-retry": "false", **(headers or {})})


class Blocked(PolicyError):
    code = "policy_blocked"


class RemoteTools(Blocked):
    """The request names servers for the provider to call, and a model may not: see `Model.remote_tools`."""


class NoClearedModel(PolicyError):
    """`label` is the word for what no model may have; empty: whoever is told may not know."""

    code = "policy_no_cleared_model"

    def __init__(self, label: str = "") -> None:
        data = f"data labelled {label}" if label else "this data"
        super().__init__(
            f"No model in service here is cleared for {data}. "
            "Remove what is sensitive, or ask whoever edits the policy."
        )


class NoModelInService(PolicyError):
    """Nothing in the request is at fault: whoever runs the gateway has to bring a model into service."""

    status, code = 503, "policy_no_model_in_service"


class ProviderError(GatewayError):
    """`falls_over` says whether the next candidate may be asked instead; `retry_after` is in seconds.

    `retryable` says that the same deployment may be asked again, if nothing of its answer has left yet;
    another deployment of the model may be wherever this one is `sick`: True if the failure speaks against
    it, False if it speaks for it (it answers), None if it was not asked. `seen` is what a policy's `retry_on`
    calls the failure: a status, or a word.
    """

    status, type, code, fault = 502, "provider_error", "provider_unavailable", "provider"
    falls_over: ClassVar[bool] = True
    sick: ClassVar[bool | None] = True
    usually_seen: ClassVar[str] = "reset"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        seen: str = "",
    ) -> None:
        super().__init__(message, param=param, headers=headers)
        self.retry_after = retry_after
        self.retryable = retryable
        self.seen = seen or self.usually_seen


class ProviderRefused(ProviderError):
    """The upstream's 4xx about the request itself: passed on whole (`reply` is its error object).

    In OpenAI's shape it has a code in any case: ours, where the upstream gave none.
    """

    status, type, code = 400, "invalid_request_error", "provider_refused"
    falls_over, sick = False, False

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        reply: dict[str, Any] | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, param=param, headers=headers)
        self._http_status = status
        self.reply = reply

    @property
    def http_status(self) -> int:
        return self._http_status

    def body(self) -> dict[str, Any]:
        if self.reply is None:
            return super().body()
        code = self.reply.get("code")
        return {"error": {**self.reply, "code": self.code if code is None else code}}


class ContextLength(ProviderRefused):
    code = "context_length_exceeded"
    falls_over = True


class ProviderAuthentication(ProviderError):
    code = "provider_authentication"


class ProviderOverloaded(ProviderError):
    status, code = 503, "provider_overloaded"


class ProviderRateLimited(ProviderOverloaded):
    status, code = 429, "rate_limit_exceeded"


class ProviderBusy(ProviderOverloaded):
    """The policy's limit for the model is reached, and as many wait as may, or one has waited long enough."""

    sick = None

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"retry-after": "1"}, retry_after=1.0)


class ProviderUnavailable(ProviderError):
    pass


class CircuitOpen(ProviderUnavailable):
    """Nothing was asked: the model failed too often lately. `retry_after` is when it is tried again."""

    status, code = 503, "provider_circuit_open"
    sick = None

    def __init__(self, message: str, retry_after: float) -> None:
        wait = {"retry-after": str(max(1, math.ceil(retry_after)))}
        super().__init__(message, headers=wait, retry_after=retry_after)


class ProviderTimeout(ProviderError):
    status, code = 504, "provider_timeout"
    usually_seen = "timeout"


class ProviderBroken(ProviderError):
    code = "provider_stream_broken"
    usually_seen = "broken"


class SpeaksAnother(ProviderError):
    """The request holds what the API of the model's upstream has no words for: see `ChatRequest.only`.

    `asked_in` names that API, and `why` is a clause about what the request holds.
    """

    status, type, code = 400, "invalid_request_error", "provider_speaks_another_api"
    sick = None

    def __init__(self, model: str, asked_in: str, why: str, *, param: str | None = None) -> None:
        said = f"The model '{model}' is asked in {asked_in}, and {why}."
        super().__init__(f"{said} Remove that, or ask a model that speaks another API.", param=param)


class Abstained(ProviderError):
    status, code = 503, "model_abstained"
    sick = False


class InternalError(GatewayError):
    @classmethod
    def logged(cls) -> InternalError:
        """For what nobody foresaw."""
        return cls("Something went wrong inside the gateway; it has been logged.")


class Overloaded(InternalError):
    status, code = 503, "overloaded"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"retry-after": "1"})


class NotReady(InternalError):
    status, code = 503, "not_ready"
