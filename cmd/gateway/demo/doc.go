// Package demo is a shop to try the gateway on: 10,000 users, 50,000 items and
// what the users did with them (Fill), a feature registry and a model repository
// with two versions of one ranker (Files), and a request whose answer is known
// (Example, Check).
//
// Everything is a pure function of ids, so every run has the same shop. The
// ranker was trained on the same shop by train/train.py.
package demo
