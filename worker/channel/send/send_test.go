package send

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestAsError(t *testing.T) {
	temporary := &Error{Code: "smtp_451", Status: 451, Enhanced: "4.3.0", Step: "RCPT", Err: io.EOF}
	if got := AsError(fmt.Errorf("send: %w", temporary)); got != temporary || !got.Temporary() {
		t.Errorf("got %+v", got)
	}
	if !errors.Is(temporary, io.EOF) {
		t.Error("Unwrap hides what lies beneath")
	}
	if got := temporary.Error(); got != "smtp_451 4.3.0 at RCPT: EOF" {
		t.Errorf("got %q", got)
	}
	if got := AsError(io.EOF); !got.Ambiguous || got.Temporary() || !errors.Is(got, io.EOF) {
		t.Errorf("a foreign error must be ambiguous, got %+v", got)
	}
	if AsError(nil) != nil {
		t.Error("nil has no error")
	}
	if got := Invalid(io.EOF); !got.Permanent || got.Code != "invalid_message" {
		t.Errorf("got %+v", got)
	}
}

func TestWords(t *testing.T) {
	if got := Words("a\r\n\x1b[31mb\u202ec "); got != "a   [31mb c" {
		t.Errorf("got %q", got)
	}
	if got := Words(strings.Repeat("é", 1000)); len([]rune(got)) != 201 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
