# Commands and summaries for lldb on a program built with Eventual.
#
#   lldb -o 'command script import eventual_lldb.py' -- ./orders replay --file history.json --for-debugger
#   ./orders replay --file history.json --break-at 2 --debugger lldb      does the same
#
# ev-next [N], ev-back [N], ev-goto CALL or #STEP, ev-where. The summaries work without a replay too.
import struct

import lldb

KIND_CALL, KIND_EVENT, KIND_REST, KIND_DIFFERENCE, KIND_END = range(5)
NO_STEP = 0
NO_CALL = -1
# Frames that run a coroutine: what lies above them is no code of the workflow.
RUNNERS = ("eventual::detail::Runtime::resume", "eventual::detail::Runtime::start")

_place = None


# --- the protocol with the program: see src/program/replay/stop.hpp ---


def _address(target, symbol):
    for context in target.FindSymbols(symbol):
        address = context.GetSymbol().GetStartAddress().GetLoadAddress(target)
        if address != lldb.LLDB_INVALID_ADDRESS:
            return address
    raise RuntimeError("the program has no symbol %s" % symbol)


def _read(process, address, size):
    error = lldb.SBError()
    data = process.ReadMemory(address, size, error)
    if error.Fail():
        raise RuntimeError(error.GetCString())
    return data


def _write(process, symbol, data):
    error = lldb.SBError()
    process.WriteMemory(_address(process.GetTarget(), symbol), data, error)
    if error.Fail():
        raise RuntimeError(error.GetCString())


def _text(process, address):
    if address == 0:
        return ""
    error = lldb.SBError()
    return process.ReadCStringFromMemory(address, 4096, error) or ""


class Place:
    def __init__(self, process):
        raw = _read(process, _address(process.GetTarget(), "eventual_replay_here"), 64)
        kind, step, steps, turn, call, text, file, line = struct.unpack("<QQQQqQQQ", raw)
        self.kind, self.step, self.steps, self.turn, self.call = kind, step, steps, turn, call
        self.text, self.file, self.line = _text(process, text), _text(process, file), line


def _ask(process, step=NO_STEP, call=NO_CALL):
    _write(process, "eventual_replay_step", struct.pack("<Q", step))
    _write(process, "eventual_replay_call", struct.pack("<q", call))


# --- frames ---


def _qualified(name):
    """The qualified name alone, without arguments, parameters, return type and what follows."""
    for word in ("operator<=>", "operator->", "operator<<", "operator>>", "operator<=",
                 "operator>=", "operator<", "operator>"):
        name = name.replace(word, "operator")
    name = name.split(" requires ")[0]
    text, depth = "", 0
    for character in name:
        if character in "<(":
            depth += 1
        elif character in ">)":
            depth -= 1
        elif depth == 0:
            text += character
    words = [word for word in text.split() if word not in ("const", "&", "&&", "noexcept")]
    return words[-1].lstrip(":") if words else ""


def _is_ours(name):
    if name.startswith(("_ZNK8eventual", "_ZN8eventual", "_ZNSt", "_ZNKSt", "_ZSt")):
        return True  # a name that could not be made readable
    return _qualified(name).startswith(("eventual::", "std::", "eventual_replay_stop"))


def _workflow_frame(thread):
    """The nearest frame of the user's own coroutine, or None."""
    found = None
    for frame in thread:
        name = frame.GetFunctionName() or ""
        if _qualified(name).startswith(RUNNERS):
            return found
        if found is None and not _is_ours(name):
            found = frame
    return None


def on_breakpoint(frame, location, extra_args, internal_dict):
    """Stops where the program calls eventual_replay_stop() with the workflow on the stack."""
    global _place
    thread = frame.GetThread()
    process = thread.GetProcess()
    place = Place(process)
    if place.kind == KIND_EVENT and _workflow_frame(thread) is None:
        return False  # a coroutine of the framework: the workflow's comes later
    _place = place
    _ask(process)
    return True


def _describe(place):
    where = "step #%d of %d, turn %d" % (place.step, place.steps, place.turn)
    if place.kind == KIND_CALL:
        return "%s: call %d: %s" % (where, place.call, place.text)
    if place.kind == KIND_REST:
        return "%s: %s (the code has done what follows from it)" % (where, place.text)
    if place.kind == KIND_DIFFERENCE:
        return "%s: code and history differ: %s" % (where, place.text)
    return "%s: %s" % (where, place.text)


def _show(thread, write):
    """Tells the place and selects the workflow's frame; gives the frame."""
    write(_describe(_place))
    frame = _workflow_frame(thread) if _place.kind != KIND_END else None
    if frame is None:
        if _place.kind not in (KIND_END, KIND_REST):
            write("no coroutine of the workflow is on the stack")
        return None
    thread.SetSelectedFrame(frame.GetFrameID())
    if not frame.GetLineEntry().IsValid():
        write("the program has no debug information: build it with -g")
        return None
    return frame


class StopHook:
    """Shows where the replay stands and selects the workflow's frame."""

    def __init__(self, target, extra_args, internal_dict):
        pass

    def handle_stop(self, context, stream):
        thread = context.GetThread()
        frame = thread.GetFrameAtIndex(0)
        if _place is not None and "eventual_replay_stop" in (frame.GetFunctionName() or ""):
            _show(thread, lambda line: stream.Print(line + "\n"))
        return True


# --- commands ---


def _alive(process):
    return process.IsValid() and process.GetState() == lldb.eStateStopped


def _go(debugger, result, step=NO_STEP, call=NO_CALL, again=False):
    target = debugger.GetSelectedTarget()
    process = target.GetProcess()
    was_async = debugger.GetAsync()
    debugger.SetAsync(False)
    try:
        if again or not _alive(process) or _place is None:
            if process.IsValid() and process.GetState() != lldb.eStateExited:
                process.Kill()
            debugger.HandleCommand("settings set target.env-vars 'EVENTUAL_REPLAY_STOP=%s'" %
                                   ("#%d" % step if step else str(call)))
            debugger.HandleCommand("process launch")
        else:
            _ask(process, step, call)
            debugger.HandleCommand("process continue")
    finally:
        debugger.SetAsync(was_async)


def _count(argument, result):
    if not argument.strip():
        return 1
    if not argument.strip().isdigit() or int(argument) < 1:
        result.SetError("a number of steps, of at least 1")
        return None
    return int(argument)


def ev_next(debugger, command, result, internal_dict):
    """ev-next [N]: goes on to the next event or call (or the N-th)."""
    count = _count(command, result)
    if count is None:
        return
    if _place is None or not _alive(debugger.GetSelectedTarget().GetProcess()):
        return _go(debugger, result, step=count)
    if _place.kind == KIND_END or (_place.kind == KIND_DIFFERENCE and _place.step > _place.steps):
        result.SetError("there is nothing after it: ev-back goes back")
        return
    _go(debugger, result, step=_place.step + count)


def ev_back(debugger, command, result, internal_dict):
    """ev-back [N]: goes back to the event or call before (or the N-th), by running again up to it."""
    count = _count(command, result)
    if count is None:
        return
    if _place is None:
        result.SetError("the replay has not begun: ev-next begins it")
        return
    step = _place.step - count + (1 if _place.kind == KIND_END else 0)
    if step < 1:
        result.SetError("there is nothing before it")
        return
    _go(debugger, result, step=step, again=True)


def ev_goto(debugger, command, result, internal_dict):
    """ev-goto CALL, ev-goto #STEP: goes to a call by its number, or to a step, forward or back."""
    text = command.strip()
    if not text.lstrip("#").isdigit() or text == "#0":
        result.SetError("ev-goto takes the number of a call, or # and that of a step")
        return
    if text.startswith("#"):
        step = int(text[1:])
        _go(debugger, result, step=step, again=_place is not None and step <= _place.step)
        return
    # The order of calls is known only by running: from the start when it may be behind us.
    _go(debugger, result, call=int(text), again=True)


def ev_where(debugger, command, result, internal_dict):
    """ev-where: where the replay stands, and the workflow's line."""
    process = debugger.GetSelectedTarget().GetProcess()
    if _place is None or not _alive(process):
        result.SetError("the replay has not begun: ev-next begins it")
        return
    frame = _show(process.GetSelectedThread(), lambda line: result.AppendMessage(line))
    if frame is not None:
        debugger.HandleCommand("frame select %d" % frame.GetFrameID())


# --- summaries ---


def _slot_of(value):
    reference = value.GetChildMemberWithName("slot_")
    runtime = reference.GetChildMemberWithName("runtime_")
    if runtime.GetValueAsUnsigned() == 0:
        return None
    index = reference.GetChildMemberWithName("index_").GetValueAsUnsigned()
    # The vector as it is in memory: its own formatter may know the elements only as incomplete.
    slots = runtime.GetChildMemberWithName("slots_").GetNonSyntheticValue()
    start = slots.GetChildMemberWithName("_M_impl").GetChildMemberWithName("_M_start")
    slot = start.GetType().GetPointeeType()
    if slot.GetByteSize() == 0:
        slot = value.GetTarget().FindFirstType("eventual::detail::Runtime::Slot")
    address = start.GetValueAsUnsigned() + index * slot.GetByteSize()
    return value.GetTarget().CreateValueFromAddress(
        "slot", lldb.SBAddress(address, value.GetTarget()), slot)


def future_summary(value, internal_dict):
    value = value.GetNonSyntheticValue()
    slot = _slot_of(value)
    if slot is None:
        return "moved away"
    text = slot.GetChildMemberWithName("state").GetValue() or "unknown"
    call = slot.GetChildMemberWithName("call").GetValueAsUnsigned()
    if call != 0xFFFFFFFF:
        text += ", call %d" % call
    if text.startswith("succeeded") and \
            slot.GetChildMemberWithName("value").GetValueAsUnsigned() == 0:
        text += ", %s" % slot.GetChildMemberWithName("json").GetSummary()
    return text


def _unquoted(value):
    return (value.GetSummary() or "").strip('"')


def error_summary(value, internal_dict):
    value = value.GetNonSyntheticValue()
    return "%s: %s" % (_unquoted(value.GetChildMemberWithName("name_")),
                       _unquoted(value.GetChildMemberWithName("message_")))


def result_summary(value, internal_dict):
    value = value.GetNonSyntheticValue()
    state = value.GetChildMemberWithName("state_")
    if not state.IsValid():
        error = value.GetChildMemberWithName("error_")
        return "ok" if error.GetNumChildren() == 0 else "error"
    index = state.GetNonSyntheticValue()
    while index.IsValid() and not index.GetChildMemberWithName("_M_index").IsValid():
        index = index.GetChildAtIndex(0)
    which = index.GetChildMemberWithName("_M_index").GetValueAsUnsigned()
    return "ok" if which == 0 else "error"


def _json_text(value, depth=0):
    value = value.GetNonSyntheticValue()
    tag = value.GetChildMemberWithName("tag_").GetValue() or "null"

    def member(name):
        return value.GetChildMemberWithName(name)

    if tag == "null":
        return "null"
    if tag == "boolean":
        return "true" if member("boolean_").GetValueAsUnsigned() & 1 else "false"
    if tag == "int64":
        return str(member("int64_").GetValueAsSigned())
    if tag == "uint64":
        return str(member("uint64_").GetValueAsUnsigned())
    if tag == "number":
        return member("number_").GetValue()
    if tag == "string":
        return member("string_").Dereference().GetSummary()
    if depth == 8:
        return "…"
    items = member("array_" if tag == "array" else "object_").Dereference()
    parts = []
    for i in range(min(items.GetNumChildren(), 200)):
        item = items.GetChildAtIndex(i)
        if tag == "array":
            parts.append(_json_text(item, depth + 1))
        else:
            parts.append("%s: %s" % (item.GetChildMemberWithName("first").GetSummary(),
                                     _json_text(item.GetChildMemberWithName("second"), depth + 1)))
    if items.GetNumChildren() > 200:
        parts.append("…")
    return ("[%s]" if tag == "array" else "{%s}") % ", ".join(parts)


def json_summary(value, internal_dict):
    return _json_text(value)


def coroutine_summary(value, internal_dict):
    value = value.GetNonSyntheticValue()
    while value.IsValid() and not value.GetChildMemberWithName("_M_fr_ptr").IsValid():
        value = value.GetChildAtIndex(0).GetNonSyntheticValue()
    address = value.GetChildMemberWithName("_M_fr_ptr").GetValueAsUnsigned()
    if address == 0:
        return "no coroutine"
    target = value.GetTarget()
    error = lldb.SBError()
    resume = value.GetProcess().ReadPointerFromMemory(address, error)
    if error.Fail() or resume == 0:
        return "a coroutine at its end"
    function = target.ResolveLoadAddress(resume)
    entry = function.GetLineEntry()
    place = "%s:%d" % (entry.GetFileSpec().GetFilename(), entry.GetLine()) if entry.IsValid() else ""
    return "coroutine %s at %s" % (function.GetFunction().GetName(), place)


def __lldb_init_module(debugger, internal_dict):
    module = __name__
    for command, function in (("ev-next", "ev_next"), ("ev-back", "ev_back"),
                              ("ev-goto", "ev_goto"), ("ev-where", "ev_where")):
        debugger.HandleCommand("command script add -o -f %s.%s %s" % (module, function, command))
    for pattern, function in ((r"^eventual::Future<.*>$", "future_summary"),
                              (r"^eventual::Result<.*>$", "result_summary"),
                              (r"^eventual::Error$", "error_summary"),
                              (r"^eventual::Json$", "json_summary"),
                              (r"^std::(__n4861::)?coroutine_handle<.*>$", "coroutine_summary")):
        debugger.HandleCommand("type summary add -w eventual -e -x '%s' -F %s.%s" %
                               (pattern, module, function))
    debugger.HandleCommand("type category enable eventual")
    target = debugger.GetSelectedTarget()
    breakpoint = target.BreakpointCreateByName("eventual_replay_stop")
    breakpoint.SetScriptCallbackFunction(module + ".on_breakpoint")
    debugger.HandleCommand("target stop-hook add -P %s.StopHook" % module)
