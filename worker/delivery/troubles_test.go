package delivery

import (
	"errors"
	"testing"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

func TestTroubles(t *testing.T) {
	d := &Delivery{}
	if len(d.Troubles()) != 0 {
		t.Fatal("trouble before the first message")
	}
	login := &send.Error{Account: true, Code: "smtp_auth", Step: "AUTH", Err: errors.New("535 no")}
	d.troubles.answered(message.Email, login)
	first := d.Troubles()[message.Email]
	if first.Code != "smtp_auth" || first.Detail != login.Error() || first.Since.IsZero() {
		t.Errorf("%+v", first)
	}
	d.troubles.answered(message.Email, &send.Error{Account: true, Code: "smtp_connect"})
	if again := d.Troubles()[message.Email]; again.Code != "smtp_connect" || !again.Since.Equal(first.Since) {
		t.Errorf("%+v: the trouble began at %s", again, first.Since)
	}
	d.troubles.meet(message.SMS, "no_sender", "")
	if list := d.Troubles(); len(list) != 2 || list[message.SMS].Code != "no_sender" {
		t.Errorf("%+v", list)
	}
	for name, answer := range map[string]*send.Error{
		"sent": nil, "the recipient's": {Permanent: true}, "for now": {Code: "smtp_450"}, "missing": {Ambiguous: true, Account: true},
	} {
		d.troubles.answered(message.Email, login)
		d.troubles.answered(message.Email, answer)
		if _, there := d.Troubles()[message.Email]; there {
			t.Errorf("an answer (%s) ends the trouble", name)
		}
	}
}
