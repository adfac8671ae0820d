// Package cloud is AWS as amiral needs it: EC2, Auto Scaling, load balancer health and alarms, for
// each environment of the configuration. It is the only package that knows the SDK; fleet values come
// out of it, and *fleet.Error when a call fails.
//
// It knows nothing of operations. What it promises their steps:
//
//   - A missing thing is fleet.Absent when one was asked for, and simply not there when many were.
//   - Every write either carries the caller's client token, or is one that the caller can look up
//     before doing it again. A call that would need a token the SDK made up never leaves.
//   - Throttling and servers in trouble are retried here, a few times within one call's deadline;
//     what still fails comes out as fleet.Throttled or fleet.Other, for the caller to wait on.
//
// Credentials, endpoints and proxies are the SDK's own business (AWS_PROFILE, AWS_ENDPOINT_URL, …).
package cloud
