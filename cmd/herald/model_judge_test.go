package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue"
	"github.com/heraldsend/herald/worker/store/ledger"
)

// settle starts what lies still, and waits until nothing more is to happen.
func (w *world) settle() {
	ctx := context.Background()
	w.revive()
	await(w.t, "the API", w.reachable)
	for i, a := range w.all() {
		if a.kind != "bulk" {
			continue
		}
		status, err := w.client.Bulks().Status(ctx, a.id)
		if err != nil && !errors.Is(err, bulk.ErrNotFound) {
			w.t.Fatal(err)
		}
		switch {
		case status.State == bulk.Ready:
			err = w.client.StartBulk(ctx, a.id)
		case status.State == bulk.Pausing && i%3 != 0:
			err = w.client.ResumeBulk(ctx, a.id)
		default:
			err = nil
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	began := time.Now()
	for {
		open := w.open()
		if len(open) == 0 {
			w.t.Logf("nothing is pending %.1f s after the last call", time.Since(began).Seconds())
			return
		}
		w.revive()
		if time.Since(began) > 5*time.Minute {
			log := w.logs.String()
			w.t.Fatalf("still pending after five minutes: %s\n%s", strings.Join(open, ", "), log[max(0, len(log)-4000):])
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (w *world) all() []*asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*asked
	for _, name := range slices.Sorted(maps.Keys(w.asked)) {
		all = append(all, w.asked[name])
	}
	return all
}

// open names what is pending though nothing keeps it so.
func (w *world) open() []string {
	var open []string
	for _, a := range w.all() {
		if a.kind == "bulk" {
			status, err := w.client.Bulks().Status(context.Background(), a.id)
			if err == nil && (status.State == bulk.Running || status.State == bulk.Ready) {
				open = append(open, a.kind+":"+a.id)
			}
			continue
		}
		status, err := w.statusOf(a)
		if err == nil && !status.State.Final() && (status.Waiting == nil || status.Waiting.Code != ledger.WaitScheduled || w.scheduled(a) != nil) {
			open = append(open, a.kind+":"+a.id)
		}
	}
	return open
}

// scheduled returns why a message has no task that waits for its time; nil if it has. The task of a call that got no answer
// comes a little later.
func (w *world) scheduled(a *asked) error {
	info, err := asynq.NewInspectorFromRedisClient(w.redis.Client()).GetTaskInfo(queue.Line(message.Email), a.kind+":"+a.id)
	if err != nil {
		return err
	}
	if info.State != asynq.TaskStateScheduled {
		return fmt.Errorf("its task is %v", info.State)
	}
	return nil
}

func (w *world) statusOf(a *asked) (enqueue.Status, error) {
	if a.kind == "forward" {
		return w.client.ForwardStatus(context.Background(), a.id)
	}
	return w.client.MessageStatus(context.Background(), a.id)
}

// judge compares what is stored and what arrived with what was promised.
func (w *world) judge() {
	states := map[string]int{}
	for _, a := range w.all() {
		if len(a.promised) > 1 {
			w.violation("%s %s was accepted with two contents", a.kind, a.id)
		}
		if a.kind == "bulk" {
			w.judgeBulk(a, states)
		} else {
			w.judgeSingle(a, states)
		}
	}
	w.t.Logf("calls: %v", w.did)
	w.t.Logf("states: %v", states)
	for _, v := range w.bad {
		w.t.Errorf("violation: %s", v)
	}
}

// arrivals is how often a message arrived, and whether with the content that was promised, in no other.
func (w *world) arrivals(a *asked, name string) int {
	w.mu.Lock()
	m := w.mails[name]
	w.mu.Unlock()
	if m == nil {
		return 0
	}
	for v := range m.variants {
		if len(m.variants) > 1 || len(a.promised) > 0 && !a.promised[v] || !a.tried[v] {
			w.violation("%s arrived as %v, promised was %v", name, m.variants, a.promised)
		}
	}
	return m.n
}

func (w *world) judgeSingle(a *asked, states map[string]int) {
	name := a.kind + ":" + a.id
	n := w.arrivals(a, name)
	status, err := w.statusOf(a)
	if errors.Is(err, ledger.ErrNotFound) {
		if states[a.kind+" none"]++; len(a.promised) > 0 || n > 0 {
			w.violation("%s is not known; promised %v, arrived %d times", name, a.promised, n)
		}
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	states[a.kind+" "+status.State.String()]++
	_, policy, later := traitsOf(a.id)
	if !status.State.Final() {
		if status.Waiting == nil || !later {
			w.violation("%s is pending for no reason: %+v", name, status)
		}
		if err := w.scheduled(a); err != nil {
			w.violation("%s is pending: %v", name, err)
		}
	}
	if a.cancelled && (status.State != ledger.Skipped || n > 0) {
		w.violation("%s was cancelled, is %s %s and arrived %d times", name, status.State, status.Reason.Code, n)
	}
	w.judgeFate(a, name, policy, status.Record, n, a.cancels)
}

// judgeFate says whether what is said of a message is what happened.
func (w *world) judgeFate(a *asked, name, policy string, r ledger.Record, n int, cancelled bool) {
	most := 1 + a.resends
	switch {
	case policy == "hold" && n > most:
		w.violation("%s arrived %d times under hold, at most %d were asked for", name, n, most)
	case r.State == ledger.Sent && n == 0 && !a.settled["sent"]:
		w.violation("%s is sent and did not arrive", name)
	case r.State == ledger.Failed && r.Reason.Code == "resolved" && !a.settled["failed"]:
		w.violation("%s was resolved as failed by nobody", name)
	case r.State == ledger.Failed && r.Reason.Code != "resolved" && (n > 0 || !strings.Contains(name, "bad") && !a.bad()):
		w.violation("%s failed with %+v and arrived %d times", name, r.Reason, n)
	case r.State == ledger.Skipped && !cancelled:
		w.violation("%s was skipped: %+v", name, r.Reason)
	case r.State == ledger.Unknown && policy != "hold" && r.Reason.Code != "interrupted":
		w.violation("%s is unknown under resend: %+v", name, r.Reason)
	case r.State == ledger.Pending && n > 0 && policy == "hold":
		w.violation("%s is pending and arrived %d times", name, n)
	case r.State == ledger.Suppressed:
		w.violation("%s is suppressed", name)
	}
}

// bad reports a message that the mail server refuses.
func (a *asked) bad() bool {
	to, _, _ := traitsOf(a.id)
	return a.kind != "bulk" && strings.HasPrefix(to, "bad")
}

func (w *world) judgeBulk(a *asked, states map[string]int) {
	ctx, name := context.Background(), "bulk:"+a.id
	status, err := w.client.Bulks().Status(ctx, a.id)
	if errors.Is(err, bulk.ErrNotFound) {
		if states["bulk none"]++; len(a.promised) > 0 {
			w.violation("%s is not known, and was promised", name)
		}
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	states["bulk "+string(status.State)]++
	audience := modelAudience(a.id)
	if sum := status.Pending + status.Sent + status.Failed + status.Suppressed + status.Skipped + status.Unknown; sum != status.Planned {
		w.violation("%s: the books don't balance: %+v", name, status)
	}
	if status.State == bulk.Loading {
		if a.started {
			w.violation("%s was started and is loading", name)
		}
		return
	}
	if status.Planned != len(audience) {
		w.violation("%s: %d planned, %d in its audience", name, status.Planned, len(audience))
	}
	if a.cancelled && status.State != bulk.Stopped {
		w.violation("%s was cancelled and is %+v", name, status)
	}
	_, policy, _ := traitsOf(a.id)
	counts := map[ledger.State]int{}
	for r, err := range w.client.Bulks().Results(ctx, a.id) {
		if err != nil {
			w.t.Fatal(err)
		}
		counts[r.State]++
		states["slot "+r.State.String()]++
		slot := name + "/" + r.To
		n := w.arrivals(a, slot)
		if !r.State.Final() && (r.Waiting == nil || r.Waiting.Code != ledger.WaitPaused || status.State != bulk.Pausing) {
			w.violation("%s of a bulk that is %s waits for %+v", slot, status.State, r.Waiting)
		}
		w.judgeFate(a, slot, policy, r.Record, n, status.State == bulk.Stopped)
	}
	if counts[ledger.Sent] != status.Sent || counts[ledger.Failed] != status.Failed || counts[ledger.Unknown] != status.Unknown ||
		counts[ledger.Skipped] != status.Skipped || counts[ledger.Pending]+counts[ledger.Claimed] != status.Pending {
		w.violation("%s: counted %v, the account says %+v", name, counts, status)
	}
}
