package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/hibiken/asynq"
)

// Stored is a task as it is stored.
type Stored struct {
	Queue, ID, Kind string
	Payload         []byte
	Active          bool // a worker has it in hand
}

// eachPage is how many tasks are read at a time.
const eachPage = 500

// Each calls f for every task of every queue, in any state. One that changes its state meanwhile may come twice, or not.
func (c *Client) Each(ctx context.Context, f func(Stored) error) error {
	for _, name := range All() {
		if err := c.EachIn(ctx, name, f); err != nil {
			return err
		}
	}
	return nil
}

// EachIn is Each for one queue.
func (c *Client) EachIn(ctx context.Context, name string, f func(Stored) error) error {
	lists := []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
		c.inspector.ListScheduledTasks, c.inspector.ListPendingTasks, c.inspector.ListRetryTasks, c.inspector.ListActiveTasks,
		c.inspector.ListArchivedTasks, c.inspector.ListCompletedTasks,
	}
	for _, list := range lists {
		for page := 1; ; page++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := list(name, asynq.PageSize(eachPage), asynq.Page(page))
			if errors.Is(err, asynq.ErrQueueNotFound) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("list the tasks of %s: %w: %w", name, ErrUnavailable, err)
			}
			for _, t := range found {
				if err := f(Stored{name, t.ID, t.Type, t.Payload, t.State == asynq.TaskStateActive}); err != nil {
					return err
				}
			}
			if len(found) < eachPage {
				break
			}
		}
	}
	return nil
}

// Delete forgets a task that no worker has in hand. It reports false for one that is running; one that is gone is no error.
func (c *Client) Delete(name, id string) (bool, error) {
	failed := c.inspector.DeleteTask(name, id)
	if failed == nil {
		return true, nil
	}
	info, err := c.info(name, id)
	switch {
	case errors.Is(err, ErrNoTask):
		return true, nil
	case err != nil:
		return false, err
	case info.State == asynq.TaskStateActive:
		return false, nil
	}
	return false, fmt.Errorf("delete task %s: %w: %w", id, ErrUnavailable, failed)
}

// Running returns the ids of the tasks that workers have in hand.
func (c *Client) Running(ctx context.Context) (map[string]bool, error) {
	running := map[string]bool{}
	for _, name := range All() {
		for page := 1; ; page++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			found, err := c.inspector.ListActiveTasks(name, asynq.PageSize(eachPage), asynq.Page(page))
			if errors.Is(err, asynq.ErrQueueNotFound) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("list the tasks of %s: %w: %w", name, ErrUnavailable, err)
			}
			for _, t := range found {
				running[t.ID] = true
			}
			if len(found) < eachPage {
				break
			}
		}
	}
	return running, nil
}
