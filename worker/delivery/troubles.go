package delivery

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heraldsend/herald/worker/channel/send"
	"github.com/heraldsend/herald/worker/message"
)

// Trouble is why a channel's last message was not sent, if the account or a setting is the cause.
type Trouble struct {
	Code   string    // such as "smtp_auth"
	Detail string    // more about it, "" where the code says all; nothing personal
	Where  string    // the account: user and host; "" where there is none
	Since  time.Time // the time of the first message that met it
}

// troubles are those of this process, by channel. A channel has none any more when the next message gets an answer of
// its own.
type troubles struct {
	mu   sync.Mutex
	list map[message.Channel]Trouble
}

func (t *troubles) meet(c message.Channel, code, detail, where string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := time.Now()
	if known, ok := t.list[c]; ok {
		since = known.Since
	}
	if t.list == nil {
		t.list = map[message.Channel]Trouble{}
	}
	t.list[c] = Trouble{code, detail, where, since}
}

// answered notes what a sender said of one message.
func (t *troubles) answered(c message.Channel, e *send.Error) {
	if e != nil && e.Account && e.Temporary() {
		t.meet(c, e.Code, e.Error(), e.Where)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.list, c)
}

// Unreachable notes that a channel's account still can't be used, as a try without a message found out.
func (d *Delivery) Unreachable(c message.Channel, e *send.Error) {
	d.troubles.meet(c, e.Code, e.Error(), e.Where)
}

// Troubles are the channels that could not send at the last try, and why.
func (d *Delivery) Troubles() map[message.Channel]Trouble {
	d.troubles.mu.Lock()
	defer d.troubles.mu.Unlock()
	return maps.Clone(d.troubles.list)
}

// troubleSeconds is the metric of Troubles.
var troubleSeconds = prometheus.NewDesc("herald_channel_trouble_seconds",
	"For how long a channel can't send, for trouble of its account or a setting: /readyz says which. 0 when it can. Alert beyond some minutes.",
	[]string{"channel"}, nil)

// Describe implements prometheus.Collector.
func (d *Delivery) Describe(out chan<- *prometheus.Desc) { out <- troubleSeconds }

// Collect implements prometheus.Collector.
func (d *Delivery) Collect(out chan<- prometheus.Metric) {
	list := d.Troubles()
	for _, c := range message.Channels {
		_, sends := d.Senders[c]
		trouble, stuck := list[c]
		if !sends && !stuck {
			continue // nobody has asked for it
		}
		seconds := 0.0
		if stuck {
			seconds = time.Since(trouble.Since).Seconds()
		}
		out <- prometheus.MustNewConstMetric(troubleSeconds, prometheus.GaugeValue, seconds, string(c))
	}
}
