"""Files made by hand, and taken apart."""

import hashlib
import json


def canonical(value):
    """Return JSON in the only way that files have it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def by_hand(text, content, *, count=None, dtype="F32", version="1", header=None):
    """Return the bytes of a model file, its checksum right whatever the content is."""
    size = len(content)
    metadata = {
        "format": "chainrule",
        "version": version,
        "model": text,
        "checksum": hashlib.sha256(text.encode("utf-8", "surrogatepass") + content).hexdigest(),
    }
    count = size // (4 if dtype == "F32" else 8) if count is None else count
    tensor = {"dtype": dtype, "shape": [count], "data_offsets": [0, size]}
    if header is None:
        header = canonical({"__metadata__": metadata, "parameters": tensor}).encode()
        header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content


def taken_apart(file):
    """Return the model's JSON value, and the bytes of the parameters, of a file."""
    end = 8 + int.from_bytes(file[:8], "little")
    return json.loads(json.loads(file[8:end])["__metadata__"]["model"]), file[end:]


def document_taken_apart(file):
    """Return the JSON value of a file of format 2, and its tensors as `document_by_hand` has."""
    end = 8 + int.from_bytes(file[:8], "little")
    entries = json.loads(file[8:end])
    value, content = json.loads(entries.pop("__metadata__")["text"]), file[end:]
    tensors = [
        (name, entry["dtype"], entry["shape"], content[slice(*entry["data_offsets"])])
        for name, entry in entries.items()
    ]
    return value, sorted(tensors, key=lambda each: entries[each[0]]["data_offsets"])


def document_by_hand(text, tensors, /, *, kind="checkpoint", entries=None, **others):
    """Return the bytes of a file of format 2, its checksum right whatever the content is.

    ``tensors`` are (name, type, shape, bytes), in the file's order; ``entries`` are the header's of
    them, and ``others`` metadata, where these are to be others than they should be.
    """
    content, own, start = b"".join(tensor[3] for tensor in tensors), {}, 0
    for name, dtype, shape, numbers in tensors:
        end = start + len(numbers)
        own[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
        start = end
    metadata = {
        "format": "chainrule",
        "version": "2",
        "kind": kind,
        "text": text,
        "checksum": hashlib.sha256(text.encode() + content).hexdigest(),
    } | others
    header = canonical({"__metadata__": metadata} | (own if entries is None else entries)).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content
