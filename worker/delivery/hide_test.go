package delivery

import (
	"testing"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/message"
)

func TestHideRecipients(t *testing.T) {
	m := &message.Message{To: []address.Address{{Addr: "ada.l+x@example.com"}}, Cc: []address.Address{{Addr: "+447700900123"}}}
	for text, want := range map[string]string{
		"550 5.1.1 <ada.l+x@example.com>: unknown": "550 5.1.1 <[recipient]>: unknown", "ADA.L+X@Example.com, +447700900123": "[recipient], [recipient]",
		"250 ok": "250 ok", "": "", "adaXl+x@example.com": "adaXl+x@example.com",
	} {
		if got := hideRecipients(text, m); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
