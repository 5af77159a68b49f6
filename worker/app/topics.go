package app

import (
	"fmt"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// topics reads the file of topics; without one there are none.
func (s *Settings) topics() (*topic.Set, error) {
	if s.Topics == "" {
		return &topic.Set{}, nil
	}
	return topic.Open(s.Topics)
}

// CheckTopic finds what the topics have against a message with these labels, before it is enqueued.
func (s *Settings) CheckTopic(l message.Labels, unsubscribe bool) error {
	topics, err := s.topics()
	if err != nil {
		return err
	}
	return topics.Check(l, unsubscribe)
}

// topicsText is the topics as a text, to compare workers by.
func (s *Settings) topicsText() string {
	topics, err := s.topics()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(*topics)
}
