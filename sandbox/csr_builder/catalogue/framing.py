"""Attacks by PEM framing: several blocks, or bytes, that could be the request.

From: Go encoding/pem, Decode (BEGIN only at a line's start, END alone on its line, headers);
RFC 7468; Kubernetes pkg/apis/certificates/v1/helpers.go, ParseCSR (the first block, no other type).
"""

import base64
from collections.abc import Callable

from sandbox.csr_builder.entry import CatalogueEntry, genuine, impostor
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import Names, base64_lines, framed, pem

_SOURCE = "Go encoding/pem Decode; RFC 7468 section 3"
_NEW = b"NEW CERTIFICATE REQUEST"
_BEGIN = b"-----BEGIN CERTIFICATE REQUEST-----"
_END = b"-----END CERTIFICATE REQUEST-----"

#: Builds the text from the DER of a good and of an evil request.
Frame = Callable[[bytes, bytes], bytes]


def _framing(
    name: str, title: str, description: str, frame: Frame, *, hides: bool = False
) -> CatalogueEntry:
    def make(key: Key, good: Names, evil: Names) -> bytes:
        return frame(genuine(key, good).der(), impostor(key, good, evil).der())

    return CatalogueEntry(
        f"pem/{name}", title, description, make, "request-well-formed", hides=hides, source=_SOURCE
    )


def _in_first_line(text: bytes, at: int) -> Frame:
    """Return a frame: `text` at this place of the good block's first line, then the evil block."""

    def frame(good: bytes, evil: bytes) -> bytes:
        lines = base64_lines(good)
        return framed(lines[:at] + text + lines[at:]) + pem(evil)

    return frame


def _without_last_newline(good: bytes) -> bytes:
    return base64_lines(good)[:-1]


_BEFORE_BEGIN = {
    "x": (b"x", "the letter x"),
    "blank": (b" ", "a blank"),
    "tab": (b"\t", "a tab"),
    "nul": (b"\0", "a NUL byte"),
    "bom": (b"\xef\xbb\xbf", "a UTF-8 byte order mark"),
    "cr": (b"\r", "a carriage return"),
    "form-feed": (b"\f", "a form feed"),
    "vertical-tab": (b"\v", "a vertical tab"),
    "word": (b"hello ", "a word"),
    "no-break-space": (b"\xc2\xa0", "a no-break space"),
    "line-separator": (b"\xe2\x80\xa8", "U+2028"),
    "line-and-blank": (b"hello\n ", "a line of text and a blank"),
}
_AFTER_END = {
    "x": (b"x", "the letter x"),
    "blank-and-x": (b" x", "a blank and an x"),
    "dash": (b"-", "one more dash"),
    "nul": (b"\0", "a NUL byte"),
}
_IN_BASE64 = {
    "form-feed": (b"\f", "a form feed"),
    "vertical-tab": (b"\v", "a vertical tab"),
}
_AT_LINE_END = {
    **_IN_BASE64,
    "no-break-space": (b"\xc2\xa0", "a no-break space"),
    "next-line": (b"\xc2\x85", "U+0085"),
    "line-separator": (b"\xe2\x80\xa8", "U+2028"),
}


def _before_begin(text: bytes) -> Frame:
    return lambda good, evil: text + pem(good) + pem(evil)


def _after_end(text: bytes) -> Frame:
    return lambda good, evil: pem(good)[:-1] + text + b"\n" + pem(evil)


_HIDDEN = (
    *(
        _framing(
            f"{name}-before-begin",
            f"Hidden block, after {what} before BEGIN",
            f"Puts {what} before BEGIN of the block with the node's own names: Go skips that block"
            " and takes the next.",
            _before_begin(text),
            hides=True,
        )
        for name, (text, what) in _BEFORE_BEGIN.items()
    ),
    *(
        _framing(
            f"{name}-after-end",
            f"Hidden block, after {what} behind END",
            f"Puts {what} behind END of the block with the node's own names: Go skips that block"
            " and takes the next.",
            _after_end(text),
            hides=True,
        )
        for name, (text, what) in _AFTER_END.items()
    ),
    *(
        _framing(
            f"{name}-at-line-end",
            f"Hidden block, by {what} at a line's end",
            f"Ends a base64 line with {what}: Go can't decode that block and takes the next.",
            _in_first_line(text, 64),
            hides=True,
        )
        for name, (text, what) in _AT_LINE_END.items()
    ),
    *(
        _framing(
            f"{name}-in-base64",
            f"Hidden block, by {what} in the base64",
            f"Has {what} inside the base64: Go can't decode that block and takes the next.",
            _in_first_line(text, 32),
            hides=True,
        )
        for name, (text, what) in _IN_BASE64.items()
    ),
    _framing(
        "end-on-base64-line",
        "Hidden block, END not on its own line",
        "Puts END on the last base64 line, where Go doesn't see it.",
        lambda good, evil: _BEGIN + b"\n" + _without_last_newline(good) + _END + b"\n" + pem(evil),
        hides=True,
    ),
    _framing(
        "blank-before-end",
        "Hidden block, blank before END",
        "Puts a blank before END, which Go then doesn't see.",
        lambda good, evil: framed(base64_lines(good) + b" ") + pem(evil),
        hides=True,
    ),
    _framing(
        "cr-before-end",
        "Hidden block, lone CR before END",
        "Ends the line before END by a lone CR, which is no line end for Go.",
        lambda good, evil: framed(_without_last_newline(good) + b"\r") + pem(evil),
        hides=True,
    ),
    _framing(
        "base64-on-begin-line",
        "Hidden block, base64 on the BEGIN line",
        "Starts the base64 on the BEGIN line, so that Go finds no type there.",
        lambda good, evil: _BEGIN + base64_lines(good) + _END + b"\n" + pem(evil),
        hides=True,
    ),
    _framing(
        "new-request-then-request",
        "One BEGIN CERTIFICATE REQUEST, two blocks",
        "Hides the node's own names under NEW CERTIFICATE REQUEST, to defeat a count of BEGIN"
        " lines.",
        lambda good, evil: b"x" + pem(good, _NEW) + pem(evil),
        hides=True,
    ),
)

_OPEN = (
    _framing(
        "dashes-before-begin",
        "Two dashes before BEGIN",
        "Puts two dashes before BEGIN, which moves the start of the label.",
        lambda good, evil: b"--" + pem(good) + pem(evil),
    ),
    _framing(
        "evil-then-hidden-good",
        "Evil block first, own names behind an x",
        "Puts the evil block first and the node's own names in a block that Go skips.",
        lambda good, evil: pem(evil) + b"x" + pem(good),
    ),
    _framing(
        "evil-then-good",
        "Evil block, then own names",
        "Bets on a reader that takes the last of two blocks.",
        lambda good, evil: pem(evil) + pem(good),
    ),
    _framing(
        "good-then-evil",
        "Own names, then evil block",
        "Bets on a reader that takes the last of two blocks for signing.",
        lambda good, evil: pem(good) + pem(evil),
    ),
    _framing(
        "begin-on-end-line",
        "Next BEGIN on the END line",
        "Starts the second block on the first one's END line.",
        lambda good, evil: pem(good)[:-1] + pem(evil),
    ),
    _framing(
        "cr-line-ends",
        "CR line ends, then evil block",
        "Ends every line of the first block by CR alone.",
        lambda good, evil: pem(good, newline=b"\r") + pem(evil),
    ),
    _framing(
        "x-before-begin-alone",
        "Only block behind an x",
        "Has one block only, which Go doesn't see.",
        lambda good, _: b"x" + pem(good),
    ),
    _framing(
        "new-request-alone",
        "Label NEW CERTIFICATE REQUEST",
        "Uses the older label, which Kubernetes refuses.",
        lambda good, _: pem(good, _NEW),
    ),
    _framing(
        "new-request-then-evil",
        "NEW CERTIFICATE REQUEST, then evil block",
        "Puts the node's own names under the older label, before the evil block.",
        lambda good, evil: pem(good, _NEW) + pem(evil),
    ),
    _framing(
        "certificate-then-good",
        "CERTIFICATE block, then own names",
        "Puts a block of another type before the request.",
        lambda good, _: pem(good, b"CERTIFICATE") + pem(good),
    ),
    _framing(
        "certificate-then-evil",
        "CERTIFICATE block, then evil block",
        "Puts the node's own names under the label of a certificate.",
        lambda good, evil: pem(good, b"CERTIFICATE") + pem(evil),
    ),
    _framing(
        "blanks-after-end",
        "Blanks after END, then evil block",
        "Puts blanks after END, which Go strips.",
        lambda good, evil: pem(good)[:-1] + b"  \t\n" + pem(evil),
    ),
    _framing(
        "blanks-after-begin",
        "Blanks after BEGIN, then evil block",
        "Puts blanks after BEGIN, which Go strips.",
        lambda good, evil: pem(good).replace(_BEGIN, _BEGIN + b" \t", 1) + pem(evil),
    ),
    _framing(
        "blanks-in-base64",
        "Blanks in the base64, then evil block",
        "Puts blanks inside the base64, which newer versions of Go strip.",
        _in_first_line(b" \t", 32),
    ),
    _framing(
        "text-after-begin",
        "Text on the BEGIN line, then evil block",
        "Puts text after BEGIN's dashes, so that the line is no BEGIN line for Go.",
        lambda good, evil: pem(good).replace(_BEGIN, _BEGIN + b"x", 1) + pem(evil),
    ),
    _framing(
        "bom-at-line-end",
        "U+FEFF in the base64, then evil block",
        "Ends a base64 line with U+FEFF.",
        _in_first_line(b"\xef\xbb\xbf", 64),
    ),
    _framing(
        "header",
        "PEM header",
        "Has a header line in the block, as encrypted keys have.",
        lambda good, _: framed(b"X-A: 1\n\n" + base64_lines(good)),
    ),
    _framing(
        "header-folded",
        "Folded PEM header, then evil block",
        "Has a header of two lines, which Go doesn't know.",
        lambda good, evil: framed(b"X-A: 1\n 2\n\n" + base64_lines(good)) + pem(evil),
    ),
    _framing(
        "header-without-colon",
        "Header without colon, then evil block",
        "Has a first line that is neither header nor base64.",
        lambda good, evil: framed(b"header\n\n" + base64_lines(good)) + pem(evil),
    ),
    _framing(
        "header-after-base64",
        "Header behind the base64, then evil block",
        "Has a header line after the base64.",
        lambda good, evil: framed(base64_lines(good) + b"X: y\n\n") + pem(evil),
    ),
    _framing(
        "header-holds-begin",
        "BEGIN line inside a header",
        "Names a BEGIN line in a header's value.",
        lambda good, _: framed(b"X-A: " + _BEGIN + b"\n\n" + base64_lines(good)),
    ),
    _framing(
        "header-folds-evil",
        "Evil base64 folded under a header",
        "Folds the evil request under a header and adds the node's own after a blank line.",
        lambda good, evil: framed(
            b"X-A: 1\n " + base64_lines(evil, b"\n ") + b"\n\n" + base64_lines(good)
        ),
    ),
    _framing(
        "two-bodies",
        "Two requests in one block",
        "Puts evil base64, a blank line and good base64 into one block.",
        lambda good, evil: framed(base64_lines(evil) + b"\n" + base64_lines(good)),
    ),
    _framing(
        "two-bodies-joined",
        "Two padded requests in one block",
        "Puts good base64 and evil base64 into one block, each padded.",
        lambda good, evil: framed(base64_lines(good + b"\0" * 2) + base64_lines(evil + b"\0")),
    ),
    _framing(
        "good-without-end",
        "Own names without END, then evil block",
        "Leaves out the first END, so that two BEGIN lines share one.",
        lambda good, evil: _BEGIN + b"\n" + base64_lines(good) + pem(evil),
    ),
    _framing(
        "evil-without-end",
        "Evil block without END, then own names",
        "Leaves out the first END, so that two BEGIN lines share one.",
        lambda good, evil: _BEGIN + b"\n" + base64_lines(evil) + pem(good),
    ),
    _framing(
        "end-of-another-type",
        "END of another type, then evil block",
        "Ends the first block by END CERTIFICATE.",
        lambda good, evil: pem(good).replace(_END, b"-----END CERTIFICATE-----") + pem(evil),
    ),
    _framing(
        "broken-base64-then-good",
        "Broken block, then own names",
        "Puts a block before that can't be decoded.",
        lambda good, _: framed(b"!!!!\n") + pem(good),
    ),
    _framing(
        "empty-block-then-evil",
        "Empty block, then evil block",
        "Puts an empty block first.",
        lambda _, evil: framed(b"") + pem(evil),
    ),
    _framing(
        "text-before",
        "Text before the block",
        "Puts a line of text before the block.",
        lambda good, _: b"Certificate Request:\n" + pem(good),
    ),
    _framing(
        "text-after",
        "Text after the block",
        "Puts a line of text after the block.",
        lambda good, _: pem(good) + b"that was it\n",
    ),
    _framing(
        "blank-line-after",
        "Blank line after the block",
        "Ends the block by two line ends.",
        lambda good, _: pem(good) + b"\n",
    ),
    _framing(
        "padding-inside",
        "Padding inside the base64",
        "Pads every line, which lenient decoders skip.",
        lambda good, evil: (
            framed(base64_lines(good, width=64).replace(b"\n", b"=\n", 1)) + pem(evil)
        ),
    ),
    _framing(
        "padding-missing",
        "Padding missing",
        "Leaves the base64's padding out.",
        lambda good, _: framed(base64_lines(good + b"\0").replace(b"=", b"")),
    ),
    _framing(
        "url-base64",
        "URL-safe base64",
        "Uses - and _ in the base64, which some decoders take.",
        lambda good, _: framed(base64.urlsafe_b64encode(good + b"\xfb\xff\xfe") + b"\n"),
    ),
    _framing(
        "lower-case-label",
        "Label in lower case",
        "Writes the label in lower case.",
        lambda good, _: pem(good, b"certificate request"),
    ),
    _framing(
        "bare-der",
        "DER without PEM",
        "Sends the request in DER.",
        lambda good, _: good,
    ),
    _framing(
        "nothing",
        "Empty request",
        "Sends nothing at all.",
        lambda _, __: b"",
    ),
    _framing(
        "oversized",
        "Request over 64 KiB",
        "Sends a request of many bytes, to cost time and memory.",
        lambda good, _: pem(good + bytes(65_536)),
    ),
)

FRAMING = _HIDDEN + _OPEN
