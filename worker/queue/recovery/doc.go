// Package recovery brings back the tasks of workers that died, within seconds, and counts over which tasks they died. It
// knows Asynq's keys and nothing of what the tasks are for.
package recovery
