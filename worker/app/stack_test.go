package app

import (
	"errors"
	"fmt"
	"testing"
)

// What was opened ends in reverse order, once, whatever goes wrong on the way; a half start is undone.
func TestStack(t *testing.T) {
	var ended []int
	open := func(fails error) (err error) {
		var s stack
		defer s.undo(&err)
		for i := range 3 {
			s.add(func() error {
				ended = append(ended, i)
				if i == 1 {
					return errors.New("won't end")
				}
				return nil
			})
		}
		return fails
	}
	if err := open(nil); err != nil || len(ended) != 0 {
		t.Errorf("%v, ended %v", err, ended)
	}
	err := open(errors.New("no more"))
	if err == nil || err.Error() != "no more\nwon't end" || fmt.Sprint(ended) != "[2 1 0]" {
		t.Errorf("%v, ended %v", err, ended)
	}
	var s stack
	s.add(func() error { return errors.New("once") })
	if s.Close() == nil || s.Close() != nil {
		t.Error("it ended not once")
	}
}
