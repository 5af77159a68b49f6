package delivery

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

func TestOutcomeOfSend(t *testing.T) {
	// What a pause may be: Backoff takes up to a quarter off.
	type pause struct{ least, most time.Duration }
	exactly := func(d time.Duration) pause { return pause{d, d} }
	first := pause{firstPause * 3 / 4, firstPause}
	for name, c := range map[string]struct {
		err      send.Error
		channel  message.Channel
		policy   task.Policy
		attempt  int
		state    ledger.State // final; 0: again
		text     string
		suppress string
		after    pause
		counts   bool
	}{
		"permanent":                              {err: send.Error{Permanent: true, Reply: "550 no such user"}, state: ledger.Failed, text: "550 no such user"},
		"permanent without words":                {err: send.Error{Permanent: true, Err: errors.New("refused")}, state: ledger.Failed, text: "c: refused"},
		"permanent, an address that is gone":     {err: send.Error{Permanent: true, Suppress: true, Reply: "x"}, channel: message.Email, state: ledger.Failed, text: "x", suppress: suppress.HardBounce},
		"permanent, a number that said stop":     {err: send.Error{Permanent: true, Suppress: true, Reply: "x"}, channel: message.SMS, state: ledger.Failed, text: "x", suppress: suppress.Unsubscribed},
		"permanent under hold":                   {err: send.Error{Permanent: true, Reply: "x"}, policy: task.Hold, state: ledger.Failed, text: "x"},
		"permanent although ambiguous":           {err: send.Error{Permanent: true, Ambiguous: true, Reply: "x"}, policy: task.Hold, state: ledger.Failed, text: "x"},
		"ambiguous under hold":                   {err: send.Error{Ambiguous: true, Reply: "x"}, policy: task.Hold, state: ledger.Unknown, text: "x"},
		"ambiguous under hold, the account's":    {err: send.Error{Ambiguous: true, Account: true, Reply: "x"}, policy: task.Hold, state: ledger.Unknown, text: "x"},
		"ambiguous under resend":                 {err: send.Error{Ambiguous: true, Reply: "x"}, policy: task.Resend, text: "x", after: first, counts: true},
		"ambiguous under resend, the account's":  {err: send.Error{Ambiguous: true, Account: true, Reply: "x"}, policy: task.Resend, text: "x", after: first, counts: true},
		"the account's":                          {err: send.Error{Account: true}, text: "c", after: exactly(AccountPause)},
		"the account's, at its last attempt":     {err: send.Error{Account: true, Reply: "535 no"}, attempt: maxAttempts, text: "535 no", after: exactly(AccountPause)},
		"the account's, for a minute":            {err: send.Error{Account: true, RetryAfter: time.Minute}, text: "c", after: exactly(time.Minute)},
		"the account's, for days":                {err: send.Error{Account: true, RetryAfter: 48 * time.Hour}, text: "c", after: exactly(LongestPause)},
		"temporary":                              {err: send.Error{Reply: "451 busy"}, text: "451 busy", after: first, counts: true},
		"temporary under hold":                   {err: send.Error{Reply: "x"}, policy: task.Hold, text: "x", after: first, counts: true},
		"temporary, for a minute":                {err: send.Error{Reply: "x", RetryAfter: time.Minute}, text: "x", after: exactly(time.Minute), counts: true},
		"temporary, for less than the pause":     {err: send.Error{Reply: "x", RetryAfter: time.Millisecond}, text: "x", after: first, counts: true},
		"temporary, for days":                    {err: send.Error{Reply: "x", RetryAfter: 48 * time.Hour}, text: "x", after: exactly(LongestPause), counts: true},
		"temporary, later":                       {err: send.Error{Reply: "x"}, attempt: 3, text: "x", after: pause{30 * time.Second, 40 * time.Second}, counts: true},
		"temporary, the attempt before the last": {err: send.Error{Reply: "x"}, attempt: maxAttempts - 2, text: "x", after: pause{LongestPause * 3 / 4, LongestPause}, counts: true},
		"temporary, the last attempt":            {err: send.Error{Reply: "x"}, attempt: maxAttempts - 1, state: ledger.Failed, text: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			c.err.Code = "c"
			out := outcomeOfSend(&c.err, c.channel, c.policy, c.attempt)
			if out.Reason.Code != "c" || out.Reason.Text != c.text || out.Suppress != c.suppress {
				t.Errorf("%+v", out)
			}
			if c.state != 0 {
				if out.State != c.state || out.Again != nil {
					t.Errorf("%+v, want %s", out, c.state)
				}
				return
			}
			if a := out.Again; a == nil || a.After < c.after.least || a.After > c.after.most || a.Counts != c.counts || a.Reason != "c" {
				t.Errorf("%+v, want again after %v, counting %t", out.Again, c.after, c.counts)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for attempt, full := range map[int]time.Duration{
		0: 5 * time.Second, 1: 10 * time.Second, 2: 20 * time.Second, 9: 2560 * time.Second, 10: time.Hour, 19: time.Hour, 20: time.Hour,
		63: time.Hour, 1 << 20: time.Hour,
	} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := Backoff(attempt)
			if d > full || d <= full*3/4 {
				t.Fatalf("attempt %d: %s, want up to a quarter less than %s", attempt, d, full)
			}
			seen[d] = true
		}
		if len(seen) < 50 {
			t.Errorf("attempt %d: %d pauses of 100 differ", attempt, len(seen))
		}
	}
	var all time.Duration
	for attempt := range maxAttempts {
		all += Backoff(attempt)
	}
	if all < 12*time.Hour || all > 24*time.Hour {
		t.Errorf("all pauses are %s, want most of a day", all)
	}
}

func TestMerge(t *testing.T) {
	one := func(after time.Duration, counts bool) *queue.Again { return &queue.Again{After: after, Counts: counts} }
	short, long, account, longAccount := one(1, true), one(2, true), one(1, false), one(2, false)
	for _, c := range []struct{ a, b, want *queue.Again }{
		{nil, short, short}, {nil, account, account},
		{short, long, long}, {long, short, long}, {account, longAccount, longAccount}, {longAccount, account, longAccount},
		{account, long, account}, {long, account, account}, // trouble that is everyone's wins, however short
	} {
		if got := Merge(c.a, c.b); got != c.want {
			t.Errorf("%+v and %+v: %+v", c.a, c.b, got)
		}
	}
}

func TestOfTrouble(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	verdict := &compose.Verdict{State: ledger.Skipped, Code: "missing_field", Text: "x"}
	for name, c := range map[string]struct {
		ctx   context.Context
		err   error
		state ledger.State
		code  string
		after time.Duration
	}{
		"a verdict":           {err: verdict, state: ledger.Skipped, code: "missing_field"},
		"one beneath":         {err: fmt.Errorf("render: %w", verdict), state: ledger.Skipped, code: "missing_field"},
		"one, while it stops": {ctx: ended, err: verdict, state: ledger.Skipped, code: "missing_field"},
		"the worker stops":    {ctx: ended, err: context.Canceled, code: "stopped"},
		"a setting":           {err: &compose.Trouble{Code: "no_public_url", Setting: true}, code: "no_public_url", after: AccountPause},
		"a file, for now":     {err: &compose.Trouble{Code: "attachment_fetch"}, code: "attachment_fetch", after: queue.InterruptedPause},
		"Redis is away":       {err: errors.New("dial"), code: "content_unreadable", after: queue.InterruptedPause},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = context.Background()
		}
		out := OfTrouble(ctx, c.err)
		if out.Reason.Code != c.code {
			t.Errorf("%s: %+v", name, out)
		}
		if c.state != 0 {
			if out.State != c.state || out.Again != nil {
				t.Errorf("%s: %+v", name, out)
			}
		} else if out.Again == nil || out.Again.After != c.after || out.Again.Counts {
			t.Errorf("%s: %+v", name, out.Again)
		}
	}
}

func TestPushesBack(t *testing.T) {
	for want, errors := range map[bool][]send.Error{
		true:  {{Status: 429}, {Status: 429, Account: true}, {Enhanced: "4.7.1"}, {Status: 503, RetryAfter: time.Second}},
		false: {{Code: "smtp_451"}, {Account: true, RetryAfter: time.Minute}, {Permanent: true, RetryAfter: time.Second}, {Ambiguous: true}},
	} {
		for _, e := range errors {
			if pushesBack(&e) != want {
				t.Errorf("%+v: %t", e, !want)
			}
		}
	}
}
