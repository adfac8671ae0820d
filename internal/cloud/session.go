package cloud

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/amiral-ops/amiral/internal/fleet"
)

const (
	attempts       = 5                // of one call; throttling usually passes within them
	longestBackoff = 5 * time.Second  // between two attempts
	attemptTimeout = 10 * time.Second // of one attempt
	callTimeout    = 30 * time.Second // of the call with all attempts
	expiryWindow   = 2 * time.Minute  // credentials are renewed this long before they expire
)

// session loads what every environment shares.
func session(ctx context.Context, options Options) (aws.Config, error) {
	with := []func(*config.LoadOptions) error{
		config.WithAppID("amiral"),
		config.WithRetryer(newRetryer),
		config.WithAPIOptions([]func(*middleware.Stack) error{options.watch}),
	}
	if options.HTTPClient != nil {
		with = append(with, config.WithHTTPClient(options.HTTPClient))
	} else {
		with = append(with, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(attemptTimeout)))
	}
	if options.Log != nil {
		with = append(with, config.WithLogger(sdkLog{options.Log}))
	} else {
		with = append(with, config.WithLogger(logging.Nop{}))
	}
	return config.LoadDefaultConfig(ctx, with...)
}

// newRetryer is the SDK's standard retryer, a little more patient and in shorter steps.
func newRetryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.MaxBackoff = longestBackoff
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(full)}, o.Retryables...)
	})
}

// full has a zone without machines not asked again at once, although AWS calls that an error of its servers: another zone
// may have some, and this one will not within seconds.
func full(err error) aws.Ternary {
	if translate("", err).Kind == fleet.Full {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// assume returns credentials of the environment's role, fetched when first needed and kept until
// shortly before they expire.
func assume(base aws.Config, e Environment) aws.CredentialsProvider {
	role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), e.Role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "amiral"
		if e.ExternalID != "" {
			o.ExternalID = aws.String(e.ExternalID)
		}
	})
	return aws.NewCredentialsCache(role, func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = expiryWindow
		o.ExpiryWindowJitterFrac = 0.5
	})
}

// watch gives every call its deadline and tells the observer how it went.
func (o Options) watch(stack *middleware.Stack) error {
	timeout := cmp.Or(o.Timeout, callTimeout)
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("amiral:Watch", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		began := time.Now()
		within, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if awsmiddleware.GetServiceID(ctx) != sts.ServiceID {
			fleet.Called(ctx)
		}
		out, metadata, err := next.HandleInitialize(within, in)
		if o.Observe != nil {
			call := callName(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
			o.Observe(call, time.Since(began), observed(call, err))
		}
		return out, metadata, err
	}), middleware.After)
}

// observed is the error as the observer should count it.
func observed(call string, err error) error {
	if err == nil || wouldSucceed(err) {
		return nil
	}
	return translate(call, err)
}

// sdkLog passes on what the SDK has to say.
type sdkLog struct{ log *slog.Logger }

// Logf implements logging.Logger.
func (l sdkLog) Logf(class logging.Classification, format string, args ...any) {
	level := slog.LevelDebug
	if class == logging.Warn {
		level = slog.LevelWarn
	}
	l.log.Log(context.Background(), level, "aws sdk", "text", fmt.Sprintf(format, args...))
}
