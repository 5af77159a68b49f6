package enqueue

import (
	"context"
	"errors"

	"github.com/heraldsend/herald/worker/store/fleet"
)

// ErrRatesChanged says that rates are not those of the version that was to be replaced.
var ErrRatesChanged = fleet.ErrChanged

// AnyRates replaces the rates of any version.
const AnyRates = int64(-1)

// Rates are the messages a second, by channel ("sms") or sender ("sms:+15550100"), that all workers together may send: those
// that were set for all or, where none were, the lowest of the living workers.
func (c *Client) Rates(ctx context.Context) (fleet.Agreed, error) {
	agreed, err := c.fleet.Rates(ctx)
	if err != nil || agreed.Set {
		return agreed, err
	}
	workers, err := c.fleet.Workers(ctx)
	agreed.Rates = fleet.Rates(agreed, nil, workers)
	return agreed, err
}

// SetRates sets these rates for all workers, in place of their own, within some seconds; 0 is no limit. replaces is the version that
// they replace, or AnyRates; if it is another one, the error is ErrRatesChanged.
func (c *Client) SetRates(ctx context.Context, rates map[string]float64, replaces int64) error {
	if rates == nil {
		return errors.New("set rates: no rates")
	}
	return c.fleet.SetRates(ctx, rates, replaces)
}

// UnsetRates takes them back: the workers' own hold again.
func (c *Client) UnsetRates(ctx context.Context) error { return c.fleet.SetRates(ctx, nil, AnyRates) }
