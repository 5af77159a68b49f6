package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/heraldsend/herald/worker/enqueue"
	"github.com/heraldsend/herald/worker/store/blob"
)

// IdempotencyKey is a header with which a call can be repeated. The same key with the same body is done once and gets
// the same answer; with another body it is refused.
type IdempotencyKey struct {
	Key string `header:"Idempotency-Key" maxLength:"200" pattern:"^[!-~]*$" doc:"Repeating a call with the same key and body is harmless; another body is a conflict. Kept as long as what the call makes: for HERALD_RETENTION, 30 days unless it is set."`
}

// identity is the id under which is stored what a call makes: that of the body; without one, an id that follows from
// the key, so that a repeated call makes the same thing; without a key a fresh one.
func (k IdempotencyKey) identity(c caller, operation, own string) string {
	switch {
	case own != "":
	case k.Key != "":
		own = uuid.NewHash(sha256.New(), uuid.Nil, []byte(c.stored(operation)+"\x00"+k.Key), 8).String()
	default:
		own = enqueue.NewID()
	}
	return c.stored(own)
}

// bind ties a key to the body with which it was first used, and calls store. Call it when the body is known to be good: a
// refused body leaves its key free, also if store refuses it. If nobody knows whether it was stored, the key stays tied, and
// the same body can be sent again. Each owner has keys of its own.
func (s *Server) bind(ctx context.Context, k IdempotencyKey, operation string, body any, store func() error) error {
	if k.Key == "" {
		return store()
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the body: %w", err)
	}
	whose := callerOf(ctx).stored(operation) + "\x00" + k.Key
	name := "herald:idempotency:{" + blob.Hash([]byte(whose)) + "}"
	// Bound to the key, which is stored nowhere: nobody else can compare it with a guess of what was sent to whom.
	mac := hmac.New(sha256.New, []byte(whose))
	mac.Write(data)
	sum := hex.EncodeToString(mac.Sum(nil))
	fresh, err := s.Redis.SetNX(ctx, name, sum, s.Client.Retention()).Result()
	if err != nil {
		return fmt.Errorf("store the idempotency key: %w", err)
	}
	if !fresh {
		known, err := s.Redis.Get(ctx, name).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("read the idempotency key: %w", err)
		}
		if err == nil && known != sum && known != blob.Hash(data) { // as older versions stored it
			return problem(http.StatusConflict, "idempotency_key_reused", "this Idempotency-Key was used with another body")
		}
	}
	refused := store()
	if refused != nil && fresh && asProblem(refused).Status < http.StatusInternalServerError {
		if err := s.Redis.Del(context.WithoutCancel(ctx), name).Err(); err != nil {
			s.Log.Warn("an idempotency key stays tied to a body that was refused", "error", err)
		}
	}
	return refused
}
