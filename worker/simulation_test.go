package worker

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/compose"
	"github.com/heraldsend/herald/worker/delivery"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/queue/recovery"
	"github.com/heraldsend/herald/worker/store/ledger"
	"github.com/heraldsend/herald/worker/store/rate"
	"github.com/heraldsend/herald/worker/store/suppress"
	"github.com/heraldsend/herald/worker/task"
)

var (
	simSchedules = flag.Int("sim.schedules", 40, "random fault schedules of the simulation; make chaos runs 10,000")
	simSeed      = flag.Uint64("sim.seed", 0, "the only seed to simulate; 0: random ones")
)

const (
	simWorkers, simChunks, simSlots = 3, 4, 5
	simSteps                        = 60
)

// A fleet lives through a random schedule of faults: workers die before and after a message went out, freeze in the middle of
// one, and are replaced; Redis refuses writes, and forgets what it had acknowledged; the clocks of workers step. Delivery, ledger
// and reaper are the real ones; time, queue order and faults are the simulation's, all from one seed. However it goes, in the
// end everybody has an outcome, the counters agree with the states, what is sent went out, and "hold" sends nothing twice.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		simulate(t, *simSeed)
		return
	}
	first := rand.Uint64N(1 << 40)
	t.Logf("seeds from %d", first)
	total := map[string]int{}
	for i := range *simSchedules {
		for what, n := range simulate(t, first+uint64(i)) {
			total[what] += n
		}
		if t.Failed() {
			t.Fatalf("repeat it with -sim.seed %d", first+uint64(i))
		}
	}
	for _, what := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%-40s %d", what, total[what])
	}
}

// simulation is one schedule.
type simulation struct {
	t       *testing.T
	random  *rand.Rand
	server  *miniredis.Miniredis
	rdb     *redis.Client
	now     time.Time
	policy  task.Policy
	workers []*simWorker
	sent    map[string]int // by recipient
	excused int            // messages that may go out twice under "resend"
	backup  func()         // makes Redis fall back: see save
	died    bool           // a worker died since the backup
	saved   time.Time      // when the backup was made
	healing bool           // no more faults
	stats   map[string]int
}

// simWorker is one worker process.
type simWorker struct {
	*simulation
	ledger  *ledger.Ledger
	d       *delivery.Delivery
	reaper  *recovery.Reaper
	dead    bool
	busy    bool          // frozen in the middle of a message
	skew    time.Duration // of its clock
	run     string        // the task that it works on, "" for none
	chunk   ledger.Chunk
	pending []int
	next    string // what happens with its next message: "", "die before", "die after", "freeze"
}

// mortal is the ledger of a worker: once that is dead, nothing is stored.
type mortal struct {
	*ledger.Ledger
	w *simWorker
}

func (m mortal) Mark(ctx context.Context, c ledger.Chunk, slot int, s ledger.State, r ledger.Reason) error {
	if m.w.dead {
		return nil
	}
	return m.Ledger.Mark(ctx, c, slot, s, r)
}

func (m mortal) Post(ctx context.Context, c ledger.Chunk, slot int, s ledger.State, r ledger.Reason) *ledger.Commit {
	if m.w.dead {
		return nil
	}
	return m.Ledger.Post(ctx, c, slot, s, r)
}

func (m mortal) PostSent(ctx context.Context, c ledger.Chunk, slot int, p ledger.Proof) *ledger.Commit {
	if m.w.dead {
		return nil
	}
	return m.Ledger.PostSent(ctx, c, slot, p)
}

// Send is what the other side takes, and the moment of faults.
func (w *simWorker) Send(_ context.Context, m *message.Message) (send.Receipt, error) {
	fault := w.next
	w.next = ""
	switch fault {
	case "die before":
		w.die()
		return send.Receipt{}, &send.Error{Permanent: true, Code: "dead"}
	case "freeze":
		w.stats["frozen in the middle of a message"]++
		w.busy = true
		w.excused++
		for range 3 + w.random.IntN(12) {
			w.step()
		}
		w.busy = false
	}
	w.sent[m.To[0].Addr]++
	if fault == "die after" {
		w.excused++
		w.die()
	}
	return send.Receipt{}, nil
}

func (w *simWorker) die() {
	w.stats["workers died"]++
	w.dead, w.died = true, true
}

// The rest of what a delivery needs has no part in it.
type simRest struct{}

func (simRest) Admit(compose.Job) *compose.Verdict { return nil }
func (simRest) Compose(_ context.Context, j compose.Job) (compose.Composed, error) {
	return compose.Composed{Message: &message.Message{Channel: message.Email, To: []message.Address{{Addr: j.Message.To}}}}, nil
}
func (simRest) Wait(context.Context, string, float64) error { return nil }
func (simRest) Slow(context.Context, string)                {}
func (simRest) Lanes() []rate.Lane                          { return nil }
func (simRest) Check(_ context.Context, _ message.Channel, _ string, all []string) ([]*suppress.Entry, error) {
	return make([]*suppress.Entry, len(all)), nil
}
func (simRest) Suppress(context.Context, message.Channel, string, string, string) error { return nil }

func (s *simulation) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// begin starts a worker.
func (s *simulation) begin() *simWorker {
	w := &simWorker{simulation: s, skew: time.Duration(s.random.IntN(9)-4) * time.Second}
	var err error
	w.ledger, err = ledger.New(ledger.Options{Redis: s.rdb, Log: discard(), Now: func() time.Time { return s.now.Add(w.skew) }})
	s.must(err)
	outcomes, err := delivery.NewMetrics(prometheus.NewRegistry())
	s.must(err)
	w.d, err = delivery.New(delivery.Options{
		Ledger: mortal{w.ledger, w}, Composer: simRest{}, Senders: map[message.Channel]delivery.Sender{message.Email: w},
		Limiter: simRest{}, Suppressions: simRest{}, Metrics: outcomes, Draining: context.Background(),
	})
	s.must(err)
	recovered, err := recovery.NewMetrics(prometheus.NewRegistry())
	s.must(err)
	w.reaper, err = recovery.New(recovery.Options{
		Redis: s.rdb, Queues: []string{"q"}, Log: discard(), Metrics: recovered, Now: func() time.Time { return s.now },
		Park: func(_ context.Context, _, id string, _ []byte) error { return fmt.Errorf("%s is readable", id) },
	})
	s.must(err)
	return w
}

const (
	simPending, simActive, simLease = "asynq:{q}:pending", "asynq:{q}:active", "asynq:{q}:lease"
)

// act lets a worker do its next thing, as a queue's server would.
func (w *simWorker) act() {
	ctx := context.Background()
	if w.run == "" {
		id, err := w.rdb.LMove(ctx, simPending, simActive, "RIGHT", "LEFT").Result()
		if err != nil {
			return // nothing to do, or Redis refuses
		}
		w.must(w.rdb.HSet(ctx, "asynq:{q}:t:"+id, "state", "active").Err())
		w.must(w.rdb.ZAdd(ctx, simLease, redis.Z{Score: float64(w.now.Add(w.skew + 30*time.Second).Unix()), Member: id}).Err())
		var chunk int
		_, err = fmt.Sscanf(id, "chunk%d", &chunk)
		w.must(err)
		w.run, w.chunk, w.pending = id, ledger.Owner{Kind: ledger.Bulk, ID: "b"}.Chunk(chunk), nil
		records, err := w.d.Records(ctx, w.chunk)
		w.must(err)
		for slot, r := range records {
			if r.State == ledger.Pending {
				w.pending = append(w.pending, slot)
			}
		}
		return
	}
	if len(w.pending) == 0 {
		if w.rdb.LRem(ctx, simActive, 0, w.run).Val() > 0 {
			w.rdb.Del(ctx, "asynq:{q}:t:"+w.run)
		}
		w.rdb.ZRem(ctx, simLease, w.run)
		w.run = ""
		return
	}
	slot := w.pending[0]
	w.pending = w.pending[1:]
	to := fmt.Sprintf("u%d-%d@example.com", w.chunk.Index, slot)
	began := w.now
	commit, err := w.d.Deliver(ctx, delivery.Job{
		Job: compose.Job{Message: task.Message{ID: to, Channel: message.Email, To: to, Policy: w.policy}}, Log: discard(), Chunk: w.chunk, Slot: slot,
	})
	w.must(err)
	if !w.dead {
		w.must(commit.Wait())
	}
	if w.now.Sub(began) > frozenAfter {
		w.run = "" // it stood still, and goes no further: see pulse
	}
}

// step lets some seconds go by, and something happen.
func (s *simulation) step() {
	s.now = s.now.Add(time.Duration(1+s.random.IntN(4)) * time.Second)
	for _, w := range s.workers {
		if !w.dead && !w.busy && w.run != "" { // the heart beats; a lease that is gone stays so
			s.rdb.ZAddXX(context.Background(), simLease, redis.Z{Score: float64(s.now.Add(w.skew + 30*time.Second).Unix()), Member: w.run})
		}
	}
	for _, w := range s.workers { // all look after each other
		if !w.dead && !w.busy && s.random.IntN(3) > 0 {
			_ = w.reaper.Scan(context.Background()) // an error says that Redis is away
		}
	}
	w := s.workers[s.random.IntN(len(s.workers))]
	switch dice := s.random.IntN(100); {
	case w.busy:
	case w.dead:
		if s.healing || dice < 30 {
			s.must(w.ledger.Close())
			s.workers[slices.Index(s.workers, w)] = s.begin()
		}
	case s.healing || dice < 70:
		w.act()
	case dice < 74:
		w.next = "die before"
	case dice < 78:
		w.next = "die after"
	case dice < 82:
		w.next = "freeze"
	case dice < 85:
		w.die()
	case dice < 88:
		w.skew += time.Duration(s.random.IntN(121)-60) * time.Second
		s.stats["clocks stepped"]++
	case dice < 92:
		s.save()
	case dice < 96:
		s.rewind()
	default:
		s.refuse()
	}
}

// refuse has Redis take no writes for a while: only hearts and reapers notice, since senders wait.
func (s *simulation) refuse() {
	s.stats["writes refused"]++
	s.server.SetError("OOM command not allowed")
	for range 2 + s.random.IntN(8) {
		s.now = s.now.Add(3 * time.Second)
		w := s.workers[s.random.IntN(len(s.workers))]
		if !w.dead && !w.busy {
			_ = w.reaper.Scan(context.Background())
		}
	}
	s.server.SetError("")
}

// save remembers what Redis holds.
func (s *simulation) save() {
	s.backup, s.died, s.saved = s.dump(), false, s.now
}

// rewind makes Redis forget what it acknowledged since save. What a worker knew that died meanwhile nobody can put back, nor
// what is older than memories: then there is safe mode, which has tests of its own.
func (s *simulation) rewind() {
	if s.backup == nil || s.died || s.now.Sub(s.saved) > ledger.MemorySpan || slices.ContainsFunc(s.workers, func(w *simWorker) bool { return w.dead || w.busy }) {
		return
	}
	s.stats["Redis lost writes"]++
	s.backup()
	for _, w := range s.workers {
		n, err := w.ledger.PutBack(context.Background(), s.rdb)
		s.must(err)
		s.stats["marks put back"] += n
		w.run = "" // a run of before goes no further
	}
}

// simulate runs the schedule of a seed.
func simulate(t *testing.T, seed uint64) map[string]int {
	t.Helper()
	server := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1, ReadTimeout: time.Minute, WriteTimeout: time.Minute}) // whatever else the machine does
	defer func() { _ = rdb.Close(); server.Close() }()
	s := &simulation{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), server: server, rdb: rdb, now: time.Unix(1_800_000_000, 0), sent: map[string]int{}, stats: map[string]int{"schedules": 1},
	}
	s.policy = []task.Policy{task.Hold, task.Resend}[s.random.IntN(2)]
	for range simWorkers {
		s.workers = append(s.workers, s.begin())
	}
	owner := ledger.Owner{Kind: ledger.Bulk, ID: "b"}
	for i := range simChunks {
		s.must(s.workers[0].ledger.Open(t.Context(), owner.Chunk(i), simSlots))
		s.enqueue(i)
	}
	for range simSteps {
		s.step()
	}
	s.healing = true
	for _, w := range s.workers {
		w.next = ""
	}
	for steps := 0; !s.over(owner); steps++ {
		if s.step(); steps > 2000 {
			t.Errorf("seed %d: not over an hour after the last fault", seed)
			break
		}
	}
	s.judge(seed, owner)
	for _, w := range s.workers {
		s.must(w.ledger.Close())
	}
	return s.stats
}

// enqueue gives a chunk its task.
func (s *simulation) enqueue(chunk int) {
	client := asynq.NewClientFromRedisClient(s.rdb)
	_, err := client.Enqueue(asynq.NewTask("kind", nil), asynq.TaskID(fmt.Sprintf("chunk%d", chunk)), asynq.Queue("q"))
	s.must(err)
}

// over reports whether nothing is left to do. As the reconciler does, it gives chunks that lost their task a new one.
func (s *simulation) over(owner ledger.Owner) bool {
	ctx := context.Background()
	if s.rdb.LLen(ctx, simPending).Val()+s.rdb.LLen(ctx, simActive).Val() > 0 ||
		slices.ContainsFunc(s.workers, func(w *simWorker) bool { return w.run != "" && !w.dead }) {
		return false
	}
	over := true
	for i := range simChunks {
		records, err := s.workers[0].ledger.Chunk(ctx, owner.Chunk(i))
		s.must(err)
		if slices.ContainsFunc(records, func(r ledger.Record) bool { return !r.State.Final() }) {
			s.stats["chunks that lost their task"]++
			s.enqueue(i)
			over = false
		}
	}
	return over
}

// judge checks what must hold.
func (s *simulation) judge(seed uint64, owner ledger.Owner) {
	books := s.workers[0].ledger
	var total ledger.Counts
	twice := 0
	for i := range simChunks {
		records, err := books.Chunk(context.Background(), owner.Chunk(i))
		s.must(err)
		for slot, r := range records {
			to := fmt.Sprintf("u%d-%d@example.com", i, slot)
			n := s.sent[to]
			twice += max(0, n-1)
			switch {
			case !r.State.Final():
				s.t.Errorf("seed %d: %s is %s in the end", seed, to, r.State)
			case r.State == ledger.Sent && n == 0:
				s.t.Errorf("seed %d: %s is sent, and nothing went out", seed, to)
			case r.State != ledger.Sent && r.State != ledger.Unknown:
				s.t.Errorf("seed %d: %s is %s", seed, to, r.State)
			case r.State == ledger.Unknown && s.policy == task.Resend:
				s.t.Errorf("seed %d: %s is unknown under resend", seed, to)
			}
			switch r.State {
			case ledger.Sent:
				total.Sent++
			case ledger.Unknown:
				total.Unknown++
			default:
			}
		}
	}
	counts, err := books.Counts(context.Background(), owner)
	s.must(err)
	if counts != total {
		s.t.Errorf("seed %d: counted %+v, the states say %+v", seed, counts, total)
	}
	if s.policy == task.Hold && twice > 0 || twice > s.excused {
		s.t.Errorf("seed %d: %d went out twice under %s, %d may", seed, twice, s.policy, s.excused)
	}
	s.stats["twice under "+string(s.policy)] += twice
	s.stats["unknown under "+string(s.policy)] += total.Unknown
	s.stats["messages"] += simChunks * simSlots
}

// dump returns what makes a Redis hold again what it holds now. Ends of keys are left out.
func (s *simulation) dump() (restore func()) {
	m := s.server
	var commands []func()
	for _, key := range m.Keys() {
		switch m.Type(key) {
		case "string":
			value, err := m.Get(key)
			s.must(err)
			commands = append(commands, func() { s.must(m.Set(key, value)) })
		case "list":
			values, err := m.List(key)
			s.must(err)
			values = slices.Clone(values)
			commands = append(commands, func() {
				_, err := m.RPush(key, values...)
				s.must(err)
			})
		case "set":
			members, err := m.Members(key)
			s.must(err)
			commands = append(commands, func() {
				_, err := m.SetAdd(key, members...)
				s.must(err)
			})
		case "hash":
			fields, err := m.HKeys(key)
			s.must(err)
			var all []string
			for _, f := range fields {
				all = append(all, f, m.HGet(key, f))
			}
			commands = append(commands, func() { m.HSet(key, all...) })
		case "zset":
			members, err := m.SortedSet(key)
			s.must(err)
			members = maps.Clone(members)
			commands = append(commands, func() {
				for member, score := range members {
					_, err := m.ZAdd(key, score, member)
					s.must(err)
				}
			})
		default:
			s.t.Fatalf("%s is a %s", key, m.Type(key))
		}
	}
	return func() {
		m.FlushAll()
		for _, c := range commands {
			c()
		}
	}
}
