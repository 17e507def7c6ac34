"""
Who is measured besides: SDKs of others, and the client that a generator makes of the contract.

Their packages are in the dependency group `bench` alone.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import openai
import pydantic
import stripe

from .contenders import KEY, PATH, Contender, ids_of_models, walked
from .server import ROOT

GENERATED = "generated client"
OPENAI = "openai-python"
STRIPE = "stripe-python"

#: How each is imported.
IMPORTS = {OPENAI: "import openai", STRIPE: "import stripe"}

CONTRACT = ROOT / "tests" / "contract.json"
_PACKAGE = "generated_from_the_contract"


def generate(folder: Path) -> None:
    """
    Have openapi-python-client write the contract's client into *folder*, to be imported from there.
    """
    # Its default hooks format what it wrote, which changes nothing at run time.
    settings = folder / "settings.json"
    settings.write_text(json.dumps({"post_hooks": []}), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(CONTRACT), "--config", str(settings)),
            *("--output-path", str(folder / _PACKAGE)),
        ],
        check=True,
        capture_output=True,
    )
    sys.path.insert(0, str(folder))


def _generated() -> tuple[Callable[..., Any], ModuleType]:
    return (
        importlib.import_module(f"{_PACKAGE}.client").AuthenticatedClient,
        importlib.import_module(f"{_PACKAGE}.api.phone_numbers.list_phone_numbers"),
    )


def blocking_peers(server: str) -> list[Contender]:
    """
    Return those that block; `generate` comes first.
    """
    make, operation = _generated()
    generated = make(base_url=server, token=KEY, prefix="", auth_header_name="X-API-KEY")
    of_openai = openai.OpenAI(api_key=KEY, base_url=server)
    of_stripe = stripe.StripeClient(KEY, base_addresses={"api": server})
    return [
        Contender(
            name=GENERATED,
            call=lambda limit: operation.sync(client=generated, limit=limit),
            ids=ids_of_models,
            close=lambda: generated.get_httpx_client().close(),
        ),
        Contender(
            name=OPENAI,
            call=lambda limit: of_openai.get(f"{PATH}?limit={limit}", cast_to=OpenAIPage),
            ids=ids_of_models,
            close=of_openai.close,
        ),
        Contender(
            name=STRIPE,
            call=lambda limit: of_stripe.deserialize(
                of_stripe.raw_request("get", f"{PATH}?limit={limit}"), api_mode="V1"
            ),
            ids=ids_of_models,
            close=of_stripe._requestor._client.close,
        ),
    ]


def async_peers(server: str) -> list[Contender]:
    """
    Return those that are awaited; `generate` comes first.
    """
    make, operation = _generated()
    generated = make(base_url=server, token=KEY, prefix="", auth_header_name="X-API-KEY")
    of_openai = openai.AsyncOpenAI(api_key=KEY, base_url=server)
    of_stripe = stripe.StripeClient(
        KEY, base_addresses={"api": server}, http_client=stripe.HTTPXClient()
    )

    async def get_of_stripe(limit: int) -> Any:
        response = await of_stripe.raw_request_async("get", f"{PATH}?limit={limit}")
        return of_stripe.deserialize(response, api_mode="V1")

    return [
        Contender(
            name=GENERATED,
            call=lambda limit: operation.asyncio(client=generated, limit=limit),
            ids=ids_of_models,
            close=lambda: generated.get_async_httpx_client().aclose(),
        ),
        Contender(
            name=OPENAI,
            call=lambda limit: of_openai.get(f"{PATH}?limit={limit}", cast_to=OpenAIPage),
            ids=ids_of_models,
            close=of_openai.close,
        ),
        Contender(
            name=STRIPE,
            call=get_of_stripe,
            ids=ids_of_models,
            close=of_stripe._requestor._client.close_async,
        ),
    ]


@contextlib.contextmanager
def walks(server: str) -> Iterator[dict[str, Callable[[int], int]]]:
    """
    Give the ways of others to walk so many numbers, page by page, with models.
    """
    of_stripe = stripe.StripeClient(KEY, base_addresses={"api": server})
    with openai.OpenAI(api_key=KEY, base_url=server) as of_openai:

        def openai_page(query: str) -> Any:
            return of_openai.get(PATH + query, cast_to=OpenAIPage).data

        def stripe_page(query: str) -> Any:
            response = of_stripe.raw_request("get", PATH + query)
            page: Any = of_stripe.deserialize(response, api_mode="V1")
            return page.data

        yield {
            OPENAI: lambda total: walked(openai_page, total),
            STRIPE: lambda total: walked(stripe_page, total),
        }
    of_stripe._requestor._client.close()


class OpenAINumber(openai.BaseModel):
    """
    A number as openai-python describes what it returns.
    """

    id: str
    phone_number: str
    active: bool
    object: str = "phone_number"
    country_code: str | None = None
    date_provisioned: datetime | None = None


class OpenAIPagination(openai.BaseModel):
    """
    What a page says of its list, likewise.
    """

    has_more: bool
    url: str | None = None
    total_count: int | None = None


class OpenAIPage(openai.BaseModel):
    """
    A page, likewise.
    """

    data: list[OpenAINumber]
    pagination: OpenAIPagination


class PydanticNumber(pydantic.BaseModel):
    """
    A number for pydantic, as strict as ours.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    id: pydantic.StrictStr
    phone_number: pydantic.StrictStr
    active: pydantic.StrictBool
    object: pydantic.StrictStr = "phone_number"
    country_code: pydantic.StrictStr | None = None
    date_provisioned: datetime | None = None


class PydanticPagination(pydantic.BaseModel):
    """
    What a page says of its list, for pydantic.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    has_more: pydantic.StrictBool
    url: pydantic.StrictStr | None = None
    total_count: pydantic.StrictInt | None = None


class PydanticPage(pydantic.BaseModel):
    """
    A page for pydantic.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    data: tuple[PydanticNumber, ...]
    pagination: PydanticPagination


class MsgspecNumber(msgspec.Struct, frozen=True):
    """
    A number for msgspec, which keeps no unknown members.
    """

    id: str
    phone_number: str
    active: bool
    object: str = "phone_number"
    country_code: str | None = None
    date_provisioned: datetime | None = None


class MsgspecPagination(msgspec.Struct, frozen=True):
    """
    What a page says of its list, for msgspec.
    """

    has_more: bool
    url: str | None = None
    total_count: int | None = None


class MsgspecPage(msgspec.Struct, frozen=True):
    """
    A page for msgspec.
    """

    data: tuple[MsgspecNumber, ...]
    pagination: MsgspecPagination


def peers_decoders() -> dict[str, Callable[[bytes], Any]]:
    """
    Return what makes models of a body by other libraries, both written in a compiled language.
    """
    # Not strict as a whole: Unix seconds as a time are a conversion to it.
    decoder = msgspec.json.Decoder(MsgspecPage, strict=False)
    return {"pydantic": PydanticPage.model_validate_json, "msgspec": decoder.decode}


class PydanticStep(pydantic.BaseModel):
    """
    How far a candidate is in a step, for pydantic, as strict as ours.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    step_id: pydantic.StrictStr
    order: pydantic.StrictInt
    status: pydantic.StrictStr
    started: pydantic.StrictBool
    completed: pydantic.StrictBool
    knocked_out: pydantic.StrictBool
    last_updated_at: datetime | None = None


class PydanticWorkflow(pydantic.BaseModel):
    """
    How far a candidate is.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    steps: tuple[PydanticStep, ...]
    all_complete: pydantic.StrictBool
    last_activity_at: datetime | None = None


class PydanticEntry(pydantic.BaseModel):
    """
    What somebody said.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    speaker: pydantic.StrictStr
    text: pydantic.StrictStr
    timestamp: pydantic.StrictFloat
    timestamp_str: pydantic.StrictStr


class PydanticWebInterview(pydantic.BaseModel):
    """
    What came of a web interview, as much of it as is measured.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    interview_id: pydantic.StrictStr
    match_score: pydantic.StrictInt
    highlights: tuple[pydantic.StrictStr, ...] = ()
    transcript: tuple[PydanticEntry, ...] = ()
    object: pydantic.StrictStr = "web_interview_result"


class PydanticInterview(pydantic.BaseModel):
    """
    An interview, likewise.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    interview_id: pydantic.StrictStr
    posting_id: pydantic.StrictStr
    name: pydantic.StrictStr
    email: pydantic.StrictStr
    status: pydantic.StrictStr
    candidate_id: pydantic.StrictStr | None = None
    score: pydantic.StrictFloat | None = None
    workflow: PydanticWorkflow | None = None
    web_interview: PydanticWebInterview | None = None
    metadata: dict[str, str] | None = None
    object: pydantic.StrictStr = "interview_data"


class PydanticSingle(pydantic.BaseModel):
    """
    The envelope round it.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="allow")

    data: PydanticInterview
    meta: dict[str, Any] | None = None


def interview_decoders() -> dict[str, Callable[[bytes], Any]]:
    """
    Return what makes models of an interview; `generate` comes first.
    """
    single = importlib.import_module(
        f"{_PACKAGE}.models.single_response_interview_data_response"
    ).SingleResponseInterviewDataResponse
    return {
        GENERATED: lambda body: single.from_dict(json.loads(body)),
        "pydantic": PydanticSingle.model_validate_json,
    }
