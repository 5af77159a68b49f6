package api

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/dead"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// retryUnavailable is the Retry-After while Redis doesn't answer.
const retryUnavailable = 5 * time.Second

// retryLoading is the Retry-After while another call stores an audience: until the lease of a lost call ends.
const retryLoading = 30 * time.Second

// asProblem is the problem that an error of the packages below means for the caller.
func asProblem(err error) *Problem {
	var (
		known *Problem
		file  *attach.Error
		p     *Problem
	)
	switch {
	case errors.As(err, &known):
		return known
	case fault.In(err) != nil:
		return faults(err)
	case errors.Is(err, context.Canceled):
		return problem(statusClientLeft, "client_left", "the client closed the connection before the answer was ready")
	case refuses(err):
		p = problem(http.StatusServiceUnavailable, "unavailable", "Redis does not store anything now; nothing is lost by trying again with the same id or Idempotency-Key")
		p.retryAfter = retryUnavailable
	case unanswered(err):
		p = problem(http.StatusServiceUnavailable, "unavailable", "Redis does not answer now; nothing is lost by trying again with the same id or Idempotency-Key")
		p.retryAfter = retryUnavailable
	case errors.Is(err, bulk.ErrNotFound), errors.Is(err, ledger.ErrNotFound), errors.Is(err, dead.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return problem(http.StatusNotFound, "not_found", "there is nothing of that id, or no longer")
	case errors.Is(err, enqueue.ErrConflict):
		return problem(http.StatusConflict, "conflict", "another one with other content has this id")
	case errors.Is(err, enqueue.ErrNotUnknown):
		return problem(http.StatusConflict, "not_unknown", "it is known what became of it: there is nothing to resolve")
	case errors.Is(err, enqueue.ErrNotSafe):
		return problem(http.StatusConflict, "not_in_safe_mode", "the fleet is not in safe mode: there is nothing to end")
	case errors.Is(err, enqueue.ErrRatesChanged):
		return problem(http.StatusConflict, "rates_changed", "somebody else has changed the rates meanwhile; nothing was set")
	case errors.Is(err, enqueue.ErrContentGone):
		return problem(http.StatusConflict, "content_gone", "an older version did not keep its content: send it again under a new id")
	case errors.Is(err, bulk.ErrSealed):
		return problem(http.StatusConflict, "audience_complete", "the bulk has its audience, which can't be changed any more")
	case errors.Is(err, bulk.ErrLoading):
		p := problem(http.StatusConflict, "audience_loading", "somebody else stores the bulk's audience now")
		p.retryAfter = retryLoading
		return p
	case errors.Is(err, enqueue.ErrNoAudience), errors.Is(err, bulk.ErrNoAudience):
		return problem(http.StatusConflict, "no_audience", "the bulk's audience is not complete: PUT its recipients first")
	case errors.Is(err, enqueue.ErrTooLate):
		return problem(http.StatusConflict, "too_late", "it was sent, is being sent at this moment, or was given up")
	case errors.Is(err, bulk.ErrPlan):
		return problem(http.StatusConflict, "plan_changed", "what is stored is not what was planned, or was stored without plan=true: nothing was sent")
	case errors.Is(err, bulk.ErrOwnBulk):
		return problem(http.StatusConflict, "own_bulk", "the bulk was made with this token: another person has to approve it")
	case errors.Is(err, bulk.ErrBusy):
		return problem(http.StatusConflict, "bulk_busy", "the bulk is not over yet, or its events are not all published: cancel it, and wait until it is over")
	case errors.Is(err, bulk.ErrLocalTimes):
		return problem(http.StatusConflict, "local_times", "the bulk is sent by its recipients' local times, which can't be changed: cancel it, and send another one")
	case errors.Is(err, bulk.ErrCompleted):
		return problem(http.StatusConflict, "bulk_completed", "the bulk is completed: there is nobody left to cancel for")
	case errors.Is(err, bulk.ErrCancelled):
		return problem(http.StatusConflict, "bulk_cancelled", "the bulk was cancelled; send to those left out with a new bulk")
	case errors.As(err, &file):
		return problem(http.StatusUnprocessableEntity, file.Code, "%s", file.Error())
	default:
		p = problem(http.StatusInternalServerError, "internal_error", "Herald broke down over this request; its log says more")
	}
	p.cause = err
	return p
}

// refusals are the beginnings of Redis's answers that mean: not now.
var refusals = []string{"OOM", "READONLY", "MISCONF", "LOADING", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "BUSY", "UNBLOCKED", "NOAUTH", "WRONGPASS", "EXECABORT"}

// statusClientLeft is the status that nginx logs for a client that closed the connection. Nobody reads the answer;
// metrics count it.
const statusClientLeft = 499

// retryBusy is the Retry-After while others use a limited resource.
const retryBusy = time.Second

// rendered marks an error of rendering as one of time, not of Redis.
func rendered(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return problem(http.StatusUnprocessableEntity, "too_slow", "it can't be rendered in %s: the template, its context or the conversation asks for too much work", patience)
	}
	return err
}

// busy marks the error of a wait for a limited resource.
func busy(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		p := problem(http.StatusServiceUnavailable, "busy", "others are being served; try again")
		p.retryAfter = retryBusy
		return p
	}
	return err
}

// unavailable reports that Redis was not reached, or doesn't store at the moment.
func unavailable(err error) bool { return unanswered(err) || refuses(err) }

// unanswered reports that Redis was not reached, or not in time.
func unanswered(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, redis.ErrClosed) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, queue.ErrUnavailable) || isEOF(err)
}

// refuses reports an answer of Redis that means: not now.
func refuses(err error) bool {
	var answer redis.Error
	if !errors.As(err, &answer) || errors.Is(err, redis.Nil) {
		return false
	}
	for _, prefix := range refusals {
		if strings.HasPrefix(answer.Error(), prefix+" ") {
			return true
		}
	}
	return false
}

// isEOF reports a connection that Redis closed in the middle.
func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
