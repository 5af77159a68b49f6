// Package sendtest is the one suite of tests that every channel's sender passes: what each must do where the other side
// accepts, refuses, asks to wait, stays silent, or takes no such size.
package sendtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Secret is what a Rig uses as password, token or key. The suite looks for it wherever it must not be.
const Secret = "c4nary-Secret"

// Situation is what the other side does.
type Situation string

// The situations. A Rig that can't be in one says so by Missing.
const (
	Accepts    Situation = "accepts"      // every message
	Refuses    Situation = "refuses"      // for good
	Fails      Situation = "fails"        // for now
	Throttles  Situation = "throttles"    // for now, and says how long
	Silent     Situation = "stays silent" // takes the whole message and never answers
	TooLarge   Situation = "takes no such size"
	LoginFails Situation = "refuses the login"
)

var all = []Situation{Accepts, Refuses, Fails, Throttles, Silent, TooLarge, LoginFails}

// Sender is what is tested.
type Sender interface {
	Send(context.Context, *message.Message) (send.Receipt, error)
	Close() error
}

// Rig is a sender whose other side is in one situation.
type Rig struct {
	Sender    Sender
	Message   *message.Message // valid, and in TooLarge too large for the other side
	Delivered func() int       // messages that the other side has taken
	Arrived   func() int       // in Silent: messages that came whole, and wait for their answer
	Wait      time.Duration    // in Throttles: the RetryAfter to expect, 0 where the protocol can't say
	Log       fmt.Stringer     // what the sender has logged, nil where it logs nothing
	Missing   string           // why this channel can't be in the situation
}

// Run runs the suite. rig sets up a fresh sender for each situation; it uses Secret and short timeouts, and registers
// its own clean-up.
func Run(t *testing.T, rig func(*testing.T, Situation) Rig) {
	t.Helper()
	for _, s := range all {
		t.Run(string(s), func(t *testing.T) {
			r := rig(t, s)
			if r.Missing != "" {
				t.Log("not for this channel: " + r.Missing)
				return
			}
			receipt, err := r.Sender.Send(context.Background(), r.Message)
			checkSituation(t, s, r, receipt, err)
			checkSecret(t, r, err)
		})
	}
	t.Run("canceled before", func(t *testing.T) { testCanceled(t, rig(t, Accepts)) })
	t.Run("canceled while waiting", func(t *testing.T) { testCanceledWaiting(t, rig(t, Silent)) })
	t.Run("invalid", func(t *testing.T) { testInvalid(t, rig(t, Accepts)) })
	t.Run("at once", func(t *testing.T) { testConcurrent(t, rig(t, Accepts)) })
	t.Run("closed twice", func(t *testing.T) {
		r := rig(t, Accepts)
		if err := errors.Join(r.Sender.Close(), r.Sender.Close()); err != nil {
			t.Error(err)
		}
	})
}

func checkSituation(t *testing.T, s Situation, r Rig, receipt send.Receipt, err error) {
	t.Helper()
	var e *send.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("the error is no *send.Error: %v", err)
	}
	if (s == Accepts) != (e == nil) {
		t.Fatalf("got error %v", err)
	}
	delivered := r.Delivered()
	if s == Accepts {
		if receipt.ID == "" || delivered != 1 {
			t.Errorf("receipt %+v, %d delivered", receipt, delivered)
		}
		return
	}
	if e.Code == "" || receipt != (send.Receipt{}) {
		t.Errorf("code %q, receipt %+v", e.Code, receipt)
	}
	want := map[Situation]string{Refuses: "permanent", TooLarge: "permanent", Fails: "temporary", Throttles: "temporary", LoginFails: "temporary", Silent: "ambiguous"}[s]
	if got := class(e); got != want {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
	if e.RetryAfter != r.Wait {
		t.Errorf("RetryAfter %v, want %v", e.RetryAfter, r.Wait)
	}
	if (s == LoginFails) != e.Account {
		t.Errorf("Account is %v", e.Account)
	}
	if s != Silent && delivered != 0 || delivered > 1 {
		t.Errorf("%d delivered", delivered)
	}
}

func class(e *send.Error) string {
	switch {
	case e.Permanent && e.Ambiguous:
		return "permanent and ambiguous"
	case e.Permanent:
		return "permanent"
	case e.Ambiguous:
		return "ambiguous"
	}
	return "temporary"
}

// checkSecret looks for the secret, and for the recipient and the text, where a log could pick them up.
func checkSecret(t *testing.T, r Rig, err error) {
	t.Helper()
	places := map[string]string{}
	if err != nil {
		places["the error"] = err.Error()
		places["the error's fields"] = fmt.Sprintf("%+v", *send.AsError(err))
	}
	if r.Log != nil {
		places["the log"] = r.Log.String()
	}
	for place, text := range places {
		if strings.Contains(text, Secret) {
			t.Errorf("%s shows the secret: %s", place, text)
		}
		if place != "the error's fields" && (strings.Contains(text, r.Message.To[0].Addr) || strings.Contains(text, r.Message.Text)) {
			t.Errorf("%s shows the recipient or the text: %s", place, text)
		}
	}
}

func testCanceled(t *testing.T, r Rig) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := r.Sender.Send(ctx, r.Message)
	if e := send.AsError(err); e == nil || !e.Temporary() || !errors.Is(err, context.Canceled) || r.Delivered() != 0 {
		t.Errorf("%v, %d delivered", err, r.Delivered())
	}
}

// A message that has arrived when its context ends has an unknown fate.
func testCanceledWaiting(t *testing.T, r Rig) {
	if r.Missing != "" {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := r.Sender.Send(ctx, r.Message)
		done <- err
	}()
	for end := time.Now().Add(20 * time.Second); r.Arrived() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	select {
	case err := <-done:
		if e := send.AsError(err); e == nil || !e.Ambiguous {
			t.Errorf("%v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Send doesn't come back")
	}
}

func testInvalid(t *testing.T, r Rig) {
	other := *r.Message
	other.Channel = map[bool]message.Channel{true: message.SMS, false: message.Email}[r.Message.Channel == message.Email]
	broken := *r.Message
	broken.ID = "a\r\nb"
	for name, m := range map[string]*message.Message{"empty": {}, "of another channel": &other, "with a broken id": &broken} {
		if _, err := r.Sender.Send(context.Background(), m); err == nil || !send.AsError(err).Permanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.Delivered() != 0 {
		t.Errorf("%d delivered", r.Delivered())
	}
}

func testConcurrent(t *testing.T, r Rig) {
	const n = 50
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := *r.Message
			m.ID = fmt.Sprintf("%s.%d", m.ID, i)
			if _, err := r.Sender.Send(context.Background(), &m); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if r.Delivered() != n {
		t.Errorf("%d of %d delivered", r.Delivered(), n)
	}
}
