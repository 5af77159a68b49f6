package dryrun

import (
	"cmp"
	"slices"

	"github.com/heraldsend/herald/render"
	"github.com/heraldsend/herald/worker/message"
)

// mostForcing bounds SMS.Forcing.
const mostForcing = 20

// Result is the result of a dry run. Rows are places in the audience, from 1; rows that can't be read count too.
type Result struct {
	Rows int `json:"rows"`
	// BadRows are rows that can't be read: they stop the bulk, or are left out.
	BadRows BadRows `json:"badRows"`
	// Messages are those of the bulk, one for each channel.
	Messages []MessageResult `json:"messages"`
	// PerSecond is the rate from which Seconds, the time to send all sendable messages, is computed.
	PerSecond float64 `json:"perSecond,omitempty"`
	Seconds   float64 `json:"seconds,omitempty"`
	// Took is how long the dry run took, in seconds.
	Took float64 `json:"took"`
	// Plan identifies what was looked at; see bulk.Plan.
	Plan string `json:"plan"`
}

// MessageResult is the result for the messages on one channel. With the bad rows of the audience, Sendable + Failing
// + Skipped + Suppressed is always Rows.
type MessageResult struct {
	Channel  message.Channel `json:"channel"`
	Sendable int             `json:"sendable"`        // would be given to the channel
	Failing  int             `json:"failing"`         // would fail before that: see Failures
	Waits    string          `json:"waits,omitempty"` // why sendable messages would wait: no sender is configured here
	Skipped  int             `json:"skipped"`         // would be skipped: see Skips
	// Suppressed are those that must not be written to.
	Suppressed Rows `json:"suppressed"`
	// Duplicates are addresses that came before; case doesn't count.
	Duplicates Duplicates `json:"duplicates"`
	// Failures and Skips by their code, as the bulk's results would have it, Issues by code and field, the most frequent first. A recipient counts once for each.
	Failures []Finding `json:"failures"`
	Skips    []Finding `json:"skips"`
	Issues   []Finding `json:"issues"`
	// Mail is what mail clients would show badly in the messages of the first 20 rows, by the code of herald lint.
	Mail []Finding `json:"mail,omitempty"`
	// Bytes are those of subject, HTML and text; Attached those of files, decoded.
	Bytes    Sizes     `json:"bytes"`
	Attached Sizes     `json:"attached"`
	SMS      *SMS      `json:"sms,omitempty"`
	Sample   []Message `json:"sample,omitempty"` // in the order of the audience
}

// Rows are a number of rows, and the first few of them.
type Rows struct {
	Count int   `json:"count"`
	Few   []int `json:"rows,omitempty"`
}

// Finding is one kind of failure or issue.
type Finding struct {
	Code  string `json:"code"` // "others" where there are more than 1,000 kinds
	Field string `json:"field,omitempty"`
	Rows
	Example string `json:"example"` // of the first of the rows; at most 200 bytes; may hold the recipient's data
}

// BadRows are rows that can't be read.
type BadRows struct {
	Count int      `json:"count"`
	Few   []BadRow `json:"rows,omitempty"`
}

// BadRow is one of them, by its line in the file.
type BadRow struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Duplicates are rows whose address came before.
type Duplicates struct {
	Count int      `json:"count"`
	Few   []Repeat `json:"rows,omitempty"`
}

// Repeat is one of them, and the row that its address came first in.
type Repeat struct {
	Row   int `json:"row"`
	First int `json:"first"`
}

// Sizes of messages in bytes.
type Sizes struct {
	Total   int64   `json:"total"`
	Mean    float64 `json:"mean"` // over all that are sendable
	Largest int64   `json:"largest"`
	Row     int     `json:"row,omitempty"` // the first that is as large
}

// SMS is how short messages are billed.
type SMS struct {
	Segments   int         `json:"segments"`
	GSM7       int         `json:"gsm7"` // messages by encoding
	UCS2       int         `json:"ucs2"`
	BySegments map[int]int `json:"bySegments"` // messages by their number of segments
	Worst      Segments    `json:"worst"`
	Cost       float64     `json:"cost,omitempty"` // segments × price
	// Forcing are the characters that make messages UCS-2, the most frequent first, at most 20.
	Forcing []Forcing `json:"forcing,omitempty"`
}

// Forcing is a character, or a cluster of them, that GSM-7 lacks.
type Forcing struct {
	Text string `json:"text"`
	Swap string `json:"swap,omitempty"` // what GSM-7 has that reads the same
	Rows
}

// Segments of one message.
type Segments struct {
	Row      int    `json:"row"`
	Segments int    `json:"segments"`
	Encoding string `json:"encoding"` // GSM-7 or UCS-2
}

// Message is one message as it would be sent, or skipped.
type Message struct {
	Row     int             `json:"row"`
	To      string          `json:"to"`
	Locale  string          `json:"locale,omitempty"`
	Skipped bool            `json:"skipped,omitempty"`
	Content *render.Content `json:"content"`
}

func (t *tally) result(o Options, c message.Channel) *MessageResult {
	r := &MessageResult{
		Channel: c, Sendable: t.sendable, Failing: t.failed, Skipped: t.skipped,
		Suppressed: t.Suppressed, Duplicates: Duplicates{t.duplicates, t.repeats},
		Failures: findings(t.failures), Skips: findings(t.skips), Issues: findings(t.issues), Mail: findings(t.mail), Bytes: t.Bytes, Attached: t.Attached,
	}
	if t.sendable > 0 {
		r.Bytes.Mean, r.Attached.Mean = float64(t.Bytes.Total)/float64(t.sendable), float64(t.Attached.Total)/float64(t.sendable)
	}
	if c.Spec().Form == message.FormText {
		r.SMS = &SMS{
			Segments: t.sms.segments, GSM7: t.sms.gsm7, UCS2: t.sms.ucs2, BySegments: t.sms.bySegments, Worst: t.sms.worst,
			Cost: o.SegmentPrice * float64(t.sms.segments),
		}
		all := findings(t.sms.forcing)
		for _, f := range all[:min(len(all), mostForcing)] {
			r.SMS.Forcing = append(r.SMS.Forcing, Forcing{Text: f.Code, Swap: f.Field, Rows: f.Rows})
		}
	}
	for _, d := range t.sample {
		r.Sample = append(r.Sample, d.message)
	}
	slices.SortFunc(r.Sample, func(a, b Message) int { return cmp.Compare(a.Row, b.Row) })
	return r
}
