package email

import (
	"context"
	"testing"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/heraldsend/herald/worker/channel/send"
)

// twoAccounts is a first server with a fault, and a second that is well.
func twoAccounts(t *testing.T, verb, fault string) (a *Accounts, first, second *faultServer) {
	t.Helper()
	first = startFaultServer(t, &faultServer{caps: capsOf["chunking"], verb: verb, fault: fault})
	second = startFaultServer(t, &faultServer{caps: capsOf["chunking"]})
	t.Cleanup(func() { first.stop(); second.stop() })
	a, err := NewAccounts(Options{URL: plainURL(first), Timeouts: testTimeouts}, Options{URL: plainURL(second), Timeouts: testTimeouts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a, first, second
}

func TestAccountsFailOver(t *testing.T) {
	for _, c := range []struct{ verb, fault string }{{"CONNECT", "554"}, {"CONNECT", "drop"}, {"EHLO", "garbage"}, {"MAIL", "421"}} {
		a, first, second := twoAccounts(t, c.verb, c.fault)
		for i := range 2 * failuresToRest {
			if _, err := a.Send(context.Background(), sample()); err != nil {
				t.Fatalf("%v: message %d: %v", c, i, err)
			}
		}
		delivered, _ := second.count()
		if lost, _ := first.count(); delivered != 2*failuresToRest || lost != 0 {
			t.Errorf("%v: %d and %d delivered", c, lost, delivered)
		}
		first.mu.Lock()
		if first.dialled != failuresToRest {
			t.Errorf("%v: the first account was tried %d times before it rested, want %d", c, first.dialled, failuresToRest)
		}
		first.mu.Unlock()
	}
}

// What the first account says of the message is final, and what it may have taken is not sent again.
func TestAccountsDontRepeat(t *testing.T) {
	for _, c := range []struct{ verb, fault, want string }{
		{"RCPT", "550", permanent}, {"RCPT", "451", temporary}, {"MAIL", "451", temporary}, {"DOT", "554", permanent}, {"DOT", "accept-then-drop", ambiguous}, {"DOT", "drop", ambiguous},
	} {
		a, first, second := twoAccounts(t, c.verb, c.fault)
		for range 2 * failuresToRest {
			if _, err := a.Send(context.Background(), sample()); outcome(err) != c.want {
				t.Errorf("%v: %v", c, err)
			}
		}
		second.mu.Lock()
		if second.dialled != 0 {
			t.Errorf("%v: the second account was used", c)
		}
		second.mu.Unlock()
		first.mu.Lock()
		if c.fault == "accept-then-drop" && len(first.delivered) != 2*failuresToRest {
			t.Errorf("%v: %d delivered", c, len(first.delivered))
		}
		first.mu.Unlock()
	}
}

func TestAccountsAllRest(t *testing.T) {
	server := startFaultServer(t, &faultServer{verb: "CONNECT", fault: "421"})
	t.Cleanup(func() { server.stop() })
	a, err := NewAccounts(Options{URL: plainURL(server)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	var e *send.Error
	for range failuresToRest + 1 {
		_, err := a.Send(context.Background(), sample())
		if e = send.AsError(err); e == nil || !e.Temporary() || !e.Account {
			t.Fatalf("%+v", e)
		}
	}
	if e.Code != "smtp_accounts_rest" || e.RetryAfter <= restOf-20*time.Second || e.RetryAfter > restOf {
		t.Errorf("%+v", e)
	}
	// While one message tries an account that has rested, the others need not wait for another rest.
	if wait := a.list[0].comeBack(gobreaker.ErrTooManyRequests); wait != trial {
		t.Errorf("wait %s", wait)
	}
	if _, err := NewAccounts(); err == nil {
		t.Error("no account, no error")
	}
	if _, err := NewAccounts(Options{URL: plainURL(server)}, Options{}); err == nil {
		t.Error("a bad account, no error")
	}
}

// A From address that the account doesn't own is no reason for the account to rest: others send through it.
func TestAccountsGoOnForOtherSenders(t *testing.T) {
	server := startFaultServer(t, &faultServer{caps: capsOf["chunking"], rcpts: []string{"553 5.7.1 <news@example.com>: Sender address rejected: not owned by user"}})
	t.Cleanup(func() { server.stop() })
	a, err := NewAccounts(Options{URL: plainURL(server), Timeouts: testTimeouts})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	for range 2 * failuresToRest {
		_, err := a.Send(context.Background(), sample())
		if e := send.AsError(err); e == nil || e.Code != "smtp_553" || !e.Account || !e.Temporary() {
			t.Fatalf("%+v", e)
		}
	}
}
