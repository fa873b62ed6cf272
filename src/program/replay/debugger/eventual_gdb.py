# Commands and printers for gdb on a program built with Eventual.
#
#   gdb -x eventual_gdb.py --args ./orders replay --file history.json --for-debugger
#   ./orders replay --file history.json --break-at 2 --debugger gdb      does the same
#
# ev-next [N], ev-back [N], ev-goto CALL or #STEP, ev-where. The printers work without a replay too.
import os
import struct

import gdb

KIND_CALL, KIND_EVENT, KIND_REST, KIND_DIFFERENCE, KIND_END = range(5)
NO_STEP = 0
NO_CALL = -1
# Frames that run a coroutine: what lies above them is no code of the workflow.
RUNNERS = ("eventual::detail::Runtime::resume", "eventual::detail::Runtime::start")


# --- the protocol with the program: see src/program/replay/stop.hpp ---


def _address(symbol):
    return int(gdb.parse_and_eval("(unsigned long)&" + symbol))


def _read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def _write(symbol, code, value):
    gdb.selected_inferior().write_memory(_address(symbol), struct.pack(code, value))


def _text(address):
    text = b""
    while address:
        byte = _read(address + len(text), 1)
        if byte == b"\0":
            break
        text += byte
    return text.decode("utf-8", "replace")


class Place:
    def __init__(self):
        raw = _read(_address("eventual_replay_here"), 64)
        kind, step, steps, turn, call, text, file, line = struct.unpack("<QQQQqQQQ", raw)
        self.kind, self.step, self.steps, self.turn, self.call = kind, step, steps, turn, call
        self.text, self.file, self.line = _text(text), _text(file), line


def _ask(step=NO_STEP, call=NO_CALL):
    _write("eventual_replay_step", "<Q", step)
    _write("eventual_replay_call", "<q", call)


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


def _workflow_frame():
    """The nearest frame of the user's own coroutine, or None."""
    found = None
    frame = gdb.newest_frame()
    while frame is not None:
        name = frame.name() or ""
        if _qualified(name).startswith(RUNNERS):
            return found
        if found is None and not _is_ours(name):
            found = frame
        frame = frame.older()
    return None


class Stop(gdb.Breakpoint):
    """Stops where the program calls eventual_replay_stop() with the workflow on the stack."""

    place = None

    def __init__(self):
        super().__init__("eventual_replay_stop", internal=True)
        self.silent = True

    def stop(self):
        place = Place()
        if place.kind == KIND_EVENT and _workflow_frame() is None:
            return False  # a coroutine of the framework: the workflow's comes later
        Stop.place = place
        _ask()
        return True


def _describe(place):
    where = "step #%d of %d, turn %d" % (place.step, place.steps, place.turn)
    if place.kind == KIND_CALL:
        return "%s: call %d: %s" % (where, place.call, place.text)
    if place.kind == KIND_EVENT:
        return "%s: %s" % (where, place.text)
    if place.kind == KIND_REST:
        return "%s: %s (the code has done what follows from it)" % (where, place.text)
    if place.kind == KIND_DIFFERENCE:
        return "%s: code and history differ: %s" % (where, place.text)
    return "%s: %s" % (where, place.text)


def _show(place):
    print(_describe(place))
    frame = _workflow_frame() if place.kind != KIND_END else None
    if frame is None:
        if place.kind not in (KIND_END, KIND_REST):
            print("no coroutine of the workflow is on the stack")
        return
    frame.select()
    if frame.find_sal().symtab is None:
        print("the program has no debug information: build it with -g")
    gdb.execute("frame")


def _on_stop(event):
    hit = getattr(event, "breakpoints", [])
    if any(isinstance(breakpoint, Stop) for breakpoint in hit):
        _show(Stop.place)


# --- commands ---


def _running():
    return gdb.selected_inferior().pid != 0


def _go(step=NO_STEP, call=NO_CALL, again=False):
    if again or not _running() or Stop.place is None:
        gdb.execute("set environment EVENTUAL_REPLAY_STOP %s" %
                    ("#%d" % step if step else str(call)))
        confirm = gdb.parameter("confirm")
        gdb.execute("set confirm off")
        try:
            gdb.execute("run")
        finally:
            if confirm:
                gdb.execute("set confirm on")
        return
    _ask(step, call)
    gdb.execute("continue")


def _count(argument):
    if not argument.strip():
        return 1
    if not argument.strip().isdigit() or int(argument) < 1:
        raise gdb.GdbError("a number of steps, of at least 1")
    return int(argument)


class Next(gdb.Command):
    """ev-next [N]: goes on to the next event or call (or the N-th)."""

    def __init__(self):
        super().__init__("ev-next", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        count = _count(argument)
        place = Stop.place
        if place is None or not _running():
            return _go(step=count)
        if place.kind == KIND_END or (place.kind == KIND_DIFFERENCE and place.step > place.steps):
            raise gdb.GdbError("there is nothing after it: ev-back goes back")
        _go(step=place.step + count)


class Back(gdb.Command):
    """ev-back [N]: goes back to the event or call before (or the N-th), by running again up to it."""

    def __init__(self):
        super().__init__("ev-back", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        place = Stop.place
        if place is None:
            raise gdb.GdbError("the replay has not begun: ev-next begins it")
        count = _count(argument) - (1 if place.kind == KIND_END else 0)
        if place.step - count < 1:
            raise gdb.GdbError("there is nothing before it")
        _go(step=place.step - count, again=True)


class Goto(gdb.Command):
    """ev-goto CALL, ev-goto #STEP: goes to a call by its number, or to a step, forward or back."""

    def __init__(self):
        super().__init__("ev-goto", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        text = argument.strip()
        if not text.lstrip("#").isdigit():
            raise gdb.GdbError("ev-goto takes the number of a call, or # and that of a step")
        place = Stop.place
        if text.startswith("#"):
            step = int(text[1:])
            if step < 1:
                raise gdb.GdbError("steps are numbered from 1")
            return _go(step=step, again=place is not None and step <= place.step)
        # The order of calls is known only by running: from the start when it may be behind us.
        _go(call=int(text), again=True)


class Where(gdb.Command):
    """ev-where: where the replay stands, and the workflow's line."""

    def __init__(self):
        super().__init__("ev-where", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        if Stop.place is None or not _running():
            raise gdb.GdbError("the replay has not begun: ev-next begins it")
        _show(Stop.place)


# --- printers ---


def _slot_of(slot_ref):
    runtime = slot_ref["runtime_"]
    if int(runtime) == 0:
        return None
    slots = runtime.dereference()["slots_"]["_M_impl"]
    return (slots["_M_start"] + int(slot_ref["index_"])).dereference()


def _typed(address, type_name):
    try:
        return gdb.Value(address).cast(gdb.lookup_type(type_name).pointer()).dereference()
    except gdb.error:
        return None


class FuturePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        name = str(self.value.type.strip_typedefs().unqualified())
        slot = _slot_of(self.value["slot_"])
        if slot is None:
            return "%s moved away" % name
        state = str(slot["state"]).rsplit("::", 1)[-1]
        text = "%s %s" % (name, state)
        if int(slot["call"]) != 0xFFFFFFFF:
            text += ", call %d" % int(slot["call"])
        if state == "succeeded" and int(slot["value"]) == 0:
            text += ", %s" % slot["json"]
        return text

    def children(self):
        slot = _slot_of(self.value["slot_"])
        if slot is None:
            return
        if int(slot["value"]) != 0:
            held = self.value.type.strip_typedefs().template_argument(0)
            if held.code != gdb.TYPE_CODE_VOID:
                yield "value", slot["value"].cast(held.pointer()).dereference()
        if int(slot["frame"]["_M_fr_ptr"]) != 0:
            yield "coroutine", slot["frame"]


class ResultPrinter:
    def __init__(self, value):
        self.value = value

    def _state(self):
        fields = [field.name for field in self.value.type.strip_typedefs().fields()]
        return self.value["state_"] if "state_" in fields else self.value["error_"]

    def to_string(self):
        return str(self.value.type.strip_typedefs().unqualified())

    def children(self):
        yield "state", self._state()


class ErrorPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return "%s: %s" % (self.value["name_"].format_string().strip('"'),
                           self.value["message_"].format_string().strip('"'))


def _json_text(value, depth=0):
    tag = str(value["tag_"]).rsplit("::", 1)[-1]
    if tag == "null":
        return "null"
    if tag == "boolean":
        return "true" if bool(value["boolean_"]) else "false"
    if tag == "int64":
        return str(int(value["int64_"]))
    if tag == "uint64":
        return str(int(value["uint64_"]))
    if tag == "number":
        return str(float(value["number_"]))
    if tag == "string":
        return value["string_"].dereference().format_string()
    if depth == 8:
        return "…"
    vector = value["array_" if tag == "array" else "object_"].dereference()["_M_impl"]
    count = int(vector["_M_finish"] - vector["_M_start"])
    parts = []
    for i in range(min(count, 200)):
        item = (vector["_M_start"] + i).dereference()
        if tag == "array":
            parts.append(_json_text(item, depth + 1))
        else:
            parts.append("%s: %s" % (item["first"].format_string(),
                                     _json_text(item["second"], depth + 1)))
    if count > 200:
        parts.append("…")
    return ("[%s]" if tag == "array" else "{%s}") % ", ".join(parts)


class JsonPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        return _json_text(self.value)


class CoroutinePrinter:
    """A coroutine handle: which function it is, and its parameters and locals as they sleep."""

    def __init__(self, value):
        self.value = value
        self.address = int(value["_M_fr_ptr"])

    def _resume(self):
        return int(gdb.Value(self.address).cast(
            gdb.lookup_type("unsigned long").pointer()).dereference())

    def to_string(self):
        if self.address == 0:
            return "no coroutine"
        resume = self._resume()
        if resume == 0:
            return "a coroutine at its end"
        block = gdb.block_for_pc(resume)
        while block is not None and block.function is None:
            block = block.superblock
        if block is None:
            return "a coroutine at 0x%x" % resume
        symbol = block.function
        return "coroutine %s at %s:%d" % (symbol.print_name, symbol.symtab.filename, symbol.line)

    def children(self):
        if self.address == 0 or self._resume() == 0:
            return
        try:
            block = gdb.block_for_pc(self._resume())
        except RuntimeError:
            return
        while block is not None:
            for symbol in block:
                if symbol.name == "__coro_frame":
                    frame = gdb.Value(self.address).cast(symbol.type.pointer()).dereference()
                    # What the compiler keeps for itself is named after its type.
                    for field in symbol.type.fields():
                        if field.name and not field.name.startswith(
                                ("__", "class_", "struct_", "union_", "enum_")):
                            yield field.name, frame[field]
                    return
            if block.function is not None:
                return
            block = block.superblock


def _find_printer(value):
    kind = value.type.strip_typedefs().unqualified()
    name = kind.name or ""
    if name.startswith("eventual::Future<"):
        return FuturePrinter(value)
    if name.startswith("eventual::Result<"):
        return ResultPrinter(value)
    if name == "eventual::Error":
        return ErrorPrinter(value)
    if name == "eventual::Json":
        return JsonPrinter(value)
    if name.startswith("std::") and "coroutine_handle<" in name:
        return CoroutinePrinter(value)
    return None


_find_printer.name = "eventual"
_find_printer.enabled = True
gdb.pretty_printers.insert(0, _find_printer)


# A program that is no replay has the symbols too, but never calls the function.
Next()
Back()
Goto()
Where()
Stop()
gdb.events.stop.connect(_on_stop)
