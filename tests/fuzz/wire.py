"""Bodies of requests, and events of upstreams, in every API: as they should be, but for what is anything."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.fuzz.profile import json_values, texts

RESPONSE_EVENTS = (
    *("response.created", "response.in_progress", "response.queued", "response.completed"),
    *("response.incomplete", "response.failed", "error", "response.output_item.added"),
    *("response.output_item.done", "response.content_part.added", "response.output_text.delta"),
    *("response.output_text.done", "response.refusal.delta", "response.reasoning_text.delta"),
    *("response.reasoning_summary_text.delta", "response.function_call_arguments.delta"),
    *("response.function_call_arguments.done", "response.brand_new", "a\nb"),
)
any_json = json_values(4)
tool_schemas = st.one_of(st.just({"type": "object"}), any_json)


def _likely(*kinds: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects of these types that have some of the members, each as it should be or as anything."""
    optional = {name: st.one_of(value, value, any_json) for name, value in members.items()}
    return st.fixed_dictionaries({"type": st.sampled_from(kinds)} if kinds else {}, optional=optional)


source = _likely("base64", "url", "text", "content", "file", data=texts(), url=texts(), media_type=texts())
blocks = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"type": st.just("text"), "text": texts()}),
        _likely("image", "document", source=source, title=texts()),
        _likely("thinking", "redacted_thinking", thinking=texts(), signature=texts(), data=texts()),
        _likely("tool_use", id=texts(), name=texts(), input=st.dictionaries(texts(), any_json, max_size=2)),
        _likely("input_text", "output_text", "refusal", text=texts(), refusal=texts()),
        _likely(
            "input_image", "image_url", image_url=st.one_of(texts(), _likely(url=texts())), file_id=texts()
        ),
        _likely("input_file", "file", file_url=texts(), file_data=texts(), file=_likely(file_data=texts())),
        any_json,
    ),
    lambda inner: _likely(
        "tool_result",
        "search_result",
        tool_use_id=texts(),
        content=st.lists(inner, max_size=2),
        is_error=st.booleans(),
    ),
    max_leaves=3,
)
contents = st.one_of(texts(), st.lists(blocks, max_size=3))
function = _likely(name=texts(), description=texts(), parameters=tool_schemas, arguments=texts())
turns = st.one_of(
    st.fixed_dictionaries(
        {"role": st.sampled_from(("user", "assistant", "system", "tool", "developer")), "content": contents}
    ),
    _likely(
        "message",
        "function_call",
        "function_call_output",
        "reasoning",
        "custom_tool_call_output",
        "item_reference",
        role=st.sampled_from(("user", "assistant")),
        content=contents,
        call_id=texts(),
        name=texts(),
        id=texts(),
        arguments=texts(),
        output=contents,
        summary=st.lists(_likely("summary_text", text=texts()), max_size=2),
    ),
    _likely(
        role=st.just("assistant"),
        tool_calls=st.lists(_likely("function", id=texts(), function=function), max_size=2),
    ),
    _likely(role=st.just("tool"), tool_call_id=texts(), content=contents),
    any_json,
)
tools = st.lists(
    _likely(
        "function",
        "custom",
        "bash",
        name=texts(),
        function=function,
        parameters=tool_schemas,
        input_schema=tool_schemas,
    ),
    max_size=2,
)
choices = st.one_of(
    st.sampled_from(("auto", "none", "required")),
    _likely(
        "function",
        "tool",
        "any",
        "auto",
        "allowed_tools",
        name=texts(),
        function=function,
        mode=st.just("auto"),
        tools=st.lists(_likely("function", name=texts()), max_size=2),
    ),
)
formats = _likely(
    "json_schema",
    "json_object",
    "text",
    schema=tool_schemas,
    json_schema=_likely(schema=tool_schemas),
    name=texts(),
)
bodies = st.fixed_dictionaries(
    {"model": st.just("auto"), "max_tokens": st.just(9)},
    optional={
        "messages": st.lists(turns, min_size=1, max_size=3),
        "input": st.one_of(contents, st.lists(turns, min_size=1, max_size=3), st.lists(st.integers(0, 9))),
        "prompt": st.one_of(contents, st.lists(texts()), st.lists(st.integers(0, 9))),
        "system": contents,
        "instructions": contents,
        "tools": st.one_of(tools, any_json),
        "tool_choice": st.one_of(choices, any_json),
        "stop_sequences": st.one_of(st.lists(texts(), max_size=2), any_json),
        "stop": st.one_of(texts(), st.lists(texts(), max_size=2), any_json),
        "response_format": st.one_of(formats, any_json),
        "text": st.one_of(_likely(format=formats, verbosity=texts()), any_json),
        "output_config": st.one_of(_likely(format=formats, effort=texts()), any_json),
        "reasoning": st.one_of(_likely(effort=texts()), any_json),
        "reasoning_effort": st.one_of(texts(), any_json),
        "thinking": any_json,
        "metadata": st.one_of(st.dictionaries(texts(), texts(), max_size=2), any_json),
        "temperature": st.one_of(st.floats(0, 2), any_json),
        "include": st.one_of(st.lists(texts(), max_size=2), any_json),
        "stream": st.booleans(),
        "n": any_json,
        "user": st.one_of(texts(), any_json),
        "brand_new": any_json,
    },
)


usage = st.dictionaries(
    st.sampled_from(("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "x")),
    st.one_of(st.integers(0, 2**70), st.floats(allow_nan=False), any_json),
    max_size=3,
)
spoken = _likely(
    role=st.just("assistant"),
    content=contents,
    refusal=texts(),
    reasoning_content=texts(),
    tool_calls=st.lists(
        _likely("function", index=st.integers(0, 3), id=texts(), function=function), max_size=2
    ),
)
chat_events = _likely(
    choices=st.lists(
        _likely(index=st.integers(0, 2), delta=spoken, message=spoken, text=texts(), finish_reason=texts()),
        max_size=2,
    ),
    usage=usage,
    error=any_json,
)
message_events = _likely(
    *("message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta"),
    *("content_block_stop", "ping", "error", "message", "brand_new"),
    index=st.integers(0, 2),
    content_block=blocks,
    content=st.lists(blocks, max_size=2),
    usage=usage,
    error=any_json,
    message=_likely("message", usage=usage, content=st.lists(blocks, max_size=2)),
    stop_reason=texts(),
    delta=_likely(
        "text_delta",
        "thinking_delta",
        "signature_delta",
        "input_json_delta",
        "x",
        text=texts(),
        thinking=texts(),
        partial_json=texts(),
        signature=texts(),
        stop_reason=texts(),
    ),
)
response = _likely(
    id=texts(),
    status=st.sampled_from(("completed", "incomplete", "failed")),
    output=st.lists(turns, max_size=2),
    usage=usage,
    error=any_json,
    incomplete_details=_likely(reason=texts()),
)
response_events = st.one_of(
    _likely(
        *RESPONSE_EVENTS,
        delta=texts(),
        text=texts(),
        item=turns,
        response=response,
        output_index=st.integers(0, 2),
        error=any_json,
    ),
    response,
)
