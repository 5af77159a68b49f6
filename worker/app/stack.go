package app

import "errors"

// stack closes what was opened, the last first.
type stack []func() error

func (s *stack) add(end func() error) { *s = append(*s, end) }

// Close ends everything.
func (s *stack) Close() error {
	var errs []error
	for i := len(*s) - 1; i >= 0; i-- {
		errs = append(errs, (*s)[i]())
	}
	*s = nil
	return errors.Join(errs...)
}

// undo, deferred, closes what was opened if the rest could not be.
func (s *stack) undo(err *error) {
	if *err != nil {
		*err = errors.Join(*err, s.Close())
	}
}
