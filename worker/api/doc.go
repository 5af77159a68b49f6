// Package api is the HTTP API of Herald: services in any language enqueue, follow and cancel messages, template
// authors preview, operators steer bulks. It stores what it accepts in Redis and renders nothing that is sent:
// package worker does, and the two never import each other.
//
// One file a resource: message.go, bulk.go, attachment.go, suppression.go, …; each has a function that registers its
// operations, and a handler for each that reads like the work. What all of them share:
//
//	server.go    New, the routes, what every response carries
//	operation.go how an operation is registered: scope, limits, errors
//	problem.go   every error is a problem detail (RFC 9457) with a stable code and pointers to the fields
//	failure.go   what an error of the packages below means to a caller
//	body.go      JSON bodies: limits, and strictjson.go for what encoding/json lets pass
//	token.go     bearer tokens, hashed at rest
//	guard.go     who may do what, how often
//	caller.go    whose things a caller reaches: ids that are given ↔ ids that are stored
//	follow.go    what streams about the same bulk share
//
// 202 means stored as durably as Redis is set up to store; 503 with Retry-After means that Redis didn't answer and that
// the call can be repeated: with an id or an Idempotency-Key nothing is sent twice.
package api
