package delivery

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

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
	d.troubles.meet(message.SMS, "no_sender", "", "")
	if list := d.Troubles(); len(list) != 2 || list[message.SMS].Code != "no_sender" {
		t.Errorf("%+v", list)
	}
	calm := &Delivery{Options: Options{Senders: map[message.Channel]Sender{message.Note: nil}}}
	if got := troubleSecondsOf(t, calm); len(got) != 1 || got["note"] != 0 {
		t.Errorf("%v", got)
	}
	if got := troubleSecondsOf(t, d); len(got) != 2 || got["email"] <= 0 || got["sms"] <= 0 {
		t.Errorf("%v", got)
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

// troubleSecondsOf is the metric, by channel.
func troubleSecondsOf(t *testing.T, d *Delivery) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(d)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	return got
}
