package api

import "github.com/heraldsend/herald/worker/message"

// LabelFields are the labels of a message or a bulk.
type LabelFields struct {
	Topic    string            `json:"topic,omitempty" maxLength:"40" pattern:"^[a-z0-9][a-z0-9_-]{0,39}$" patternDescription:"of at most 40 lower-case letters, digits, '-' and '_'" doc:"What recipients can unsubscribe from: one of HERALD_TOPICS. Its default where missing." example:"news"`
	Tags     []string          `json:"tags,omitempty" maxItems:"20" doc:"Words to find it by, of at most 64 characters. They come back in answers and events."`
	Metadata map[string]string `json:"metadata,omitempty" doc:"The caller's own: at most 20 texts of up to 200 characters. It comes back in answers and events, and is sent to nobody."`
}

func (l LabelFields) labels() message.Labels { return message.Labels(l) }

func labelsOf(l message.Labels) LabelFields { return LabelFields(l) }
