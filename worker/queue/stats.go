package queue

import "time"

// Stats are how full a queue is.
type Stats struct {
	Queue                                         string
	Pending, Active, Scheduled, Retried, Archived int
	Latency                                       time.Duration // age of the oldest task that is due
}

// Stats returns those of every queue that was ever used.
func (c *Client) Stats() ([]Stats, error) {
	names, err := c.inspector.Queues()
	if err != nil {
		return nil, err
	}
	var all []Stats
	for _, name := range names {
		info, err := c.inspector.GetQueueInfo(name)
		if err != nil {
			return all, err
		}
		all = append(all, Stats{name, info.Pending, info.Active, info.Scheduled, info.Retry, info.Archived, info.Latency})
	}
	return all, nil
}
