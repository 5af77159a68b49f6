package sms

import "sort"

// Tally sums up what an audience costs. The zero Tally is empty; it is not
// safe for concurrent use.
type Tally struct {
	Messages int            `json:"messages"`
	Segments int            `json:"segments"` // of all messages: what is billed
	Unicode  int            `json:"unicode"`  // messages in UCS-2
	Worst    Size           `json:"worst"`    // the message of most segments, the first of them
	WorstID  string         `json:"worstId,omitempty"`
	forcing  map[string]int // messages by cluster
}

// maxClusters bounds the clusters that a Tally counts apart.
const maxClusters = 1000

// Add counts one message. id names it, for Worst.
func (t *Tally) Add(id string, s Size) {
	if t.Messages == 0 || s.Segments > t.Worst.Segments {
		t.Worst, t.WorstID = s, id
	}
	t.Messages++
	t.Segments += s.Segments
	if s.Encoding == UCS2 {
		t.Unicode++
	}
	for _, f := range s.Forcing {
		if t.forcing == nil {
			t.forcing = make(map[string]int)
		}
		if _, known := t.forcing[f.Text]; known || len(t.forcing) < maxClusters {
			t.forcing[f.Text]++
		}
	}
}

// Cause is a cluster of characters with the number of messages that it makes
// Unicode.
type Cause struct {
	Text     string `json:"text"`
	Messages int    `json:"messages"`
	Swap     string `json:"swap,omitempty"` // GSM-7 text that reads the same
}

// Causes lists what forces UCS-2, the most frequent first.
func (t *Tally) Causes() []Cause {
	out := make([]Cause, 0, len(t.forcing))
	for text, n := range t.forcing {
		out = append(out, Cause{Text: text, Messages: n, Swap: swap(text)})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Messages != out[j].Messages {
			return out[i].Messages > out[j].Messages
		}
		return out[i].Text < out[j].Text
	})
	return out
}
