package worker

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

// maxTries is how often a recipient is tried before a temporary failure counts as a permanent one: with the pauses of
// backoff that is most of a day.
const maxTries = 30

// The pauses between tries double from the first to the last.
const (
	firstPause = 5 * time.Second
	lastPause  = time.Hour
)

// accountPause is the pause after trouble that is the account's or the server's: everyone else would meet it too.
const accountPause = 15 * time.Second

// outcome is what one try came to: a final state with its reason, or another try.
type outcome struct {
	state  ledger.State
	reason ledger.Reason
	again  *queue.Again // when set, the recipient stays pending
	// suppress is the reason code with which the recipient goes onto the suppression list, "" when it doesn't.
	suppress string
}

func failed(code, text string) *outcome {
	return &outcome{state: ledger.Failed, reason: ledger.Reason{Code: code, Text: text}}
}

func skipped(code, text string) *outcome {
	return &outcome{state: ledger.Skipped, reason: ledger.Reason{Code: code, Text: text}}
}

// tryAgain keeps a recipient pending, or gives up when it was tried often enough.
func tryAgain(code, text string, attempt int, after time.Duration) *outcome {
	if attempt+1 >= maxTries {
		return failed(code, text)
	}
	return &outcome{
		reason: ledger.Reason{Code: code, Text: text},
		again:  &queue.Again{After: max(backoff(attempt), min(after, lastPause)), Counts: true, Reason: code},
	}
}

// interrupted keeps a recipient pending for a cause that has nothing to do with it: it counts for nobody, and the others of
// its chunk are not tried now either.
func interrupted(code string, after time.Duration) *outcome {
	return &outcome{
		reason: ledger.Reason{Code: code},
		again:  &queue.Again{After: after, Reason: code},
	}
}

// backoff is the pause after a try: it doubles, up to lastPause, less a random part of up to a quarter, so that what
// failed together isn't tried together.
func backoff(attempt int) time.Duration {
	pause := lastPause
	if attempt < 20 {
		pause = min(lastPause, firstPause<<attempt)
	}
	return pause - rand.N(pause/4)
}

// outcomeOf is that of a message which compose has a verdict over.
func outcomeOf(v *compose.Verdict) *outcome {
	return &outcome{state: v.State, reason: ledger.Reason{Code: v.Code, Text: v.Text}}
}

// outcomeOfTrouble says what an error of compose means: a verdict is final, anything else waits.
func outcomeOfTrouble(ctx context.Context, err error) *outcome {
	var verdict *compose.Verdict
	var trouble *compose.Trouble
	switch {
	case errors.As(err, &verdict):
		return outcomeOf(verdict)
	case errors.Is(err, errGone):
		return failed("bulk_gone", err.Error())
	case ctx.Err() != nil:
		return interrupted("stopped", 0)
	case !errors.As(err, &trouble):
		return interrupted("content_unreadable", queue.InterruptedPause)
	case trouble.Setting:
		return interrupted(trouble.Code, accountPause)
	default:
		return interrupted(trouble.Code, queue.InterruptedPause)
	}
}

// outcomeOfSend says what an error of a sender means.
//
//	permanent                      failed, with the other side's words
//	permanent, suppress            and never written to again
//	ambiguous, policy "hold"       unknown: a person decides
//	ambiguous, policy "resend"     again, under the same message id
//	temporary, the account's fault again for the whole chunk; counts for nobody
//	temporary                      again, with growing pauses, until maxTries
func outcomeOfSend(e *send.Error, c message.Channel, policy task.Policy, attempt int) *outcome {
	text := e.Reply
	if text == "" {
		text = e.Error()
	}
	switch {
	case e.Permanent && e.Suppress:
		out := failed(e.Code, text)
		out.suppress = suppress.HardBounce
		if c == message.SMS {
			out.suppress = suppress.Unsubscribed // numbers don't bounce: their owners text STOP
		}
		return out
	case e.Permanent:
		return failed(e.Code, text)
	case e.Ambiguous && policy == task.Hold:
		return &outcome{state: ledger.Unknown, reason: ledger.Reason{Code: e.Code, Text: text}}
	case !e.Ambiguous && e.Account:
		if e.RetryAfter > 0 {
			return interrupted(e.Code, min(e.RetryAfter, lastPause))
		}
		return interrupted(e.Code, accountPause)
	default:
		return tryAgain(e.Code, text, attempt, e.RetryAfter)
	}
}
