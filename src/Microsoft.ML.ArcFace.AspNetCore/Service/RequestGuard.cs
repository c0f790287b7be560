using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>
/// Stands around each endpoint: gives the request an id, asks for its key, refuses what can be read in two ways and what a page of
/// somebody else made the operator's browser send, and answers every error as a problem.
/// </summary>
internal static class RequestGuard
{
    private const string RequestIdHeader = "X-Request-Id";
    private const int LongestRequestId = 64;

    /// <summary>Puts the guard around an endpoint.</summary>
    public static void Wrap(EndpointBuilder endpoint)
    {
        RequestDelegate inner = endpoint.RequestDelegate ?? throw new InvalidOperationException("The endpoint has nothing to do.");
        endpoint.RequestDelegate = context => AnswerAsync(context, inner);
    }

    /// <summary>Answers addresses and methods that there are not as problems, too; for a server that has nothing else.</summary>
    public static async Task AnswerUnmatchedAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Response is { HasStarted: false, ContentType: null, StatusCode: StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed or StatusCodes.Status415UnsupportedMediaType } response)
        {
            TakeRequestId(context);
            (ProblemKind kind, string detail) = response.StatusCode switch
            {
                StatusCodes.Status404NotFound => (ProblemKind.NotFound, "There is no such address. /v1/people, /v1/identify and the others are described in docs/service.md."),
                StatusCodes.Status405MethodNotAllowed => (ProblemKind.OtherMethod, $"This address does not take {context.Request.Method}, but {response.Headers.Allow}."),
                _ => (ProblemKind.WrongType, OtherThanJson(context.Request)),
            };
            await context.RequestServices.GetRequiredService<ServiceProblems>().WriteAsync(context, kind, detail);
        }
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate inner)
    {
        TakeRequestId(context);
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        ServiceProblems problems = context.RequestServices.GetRequiredService<ServiceProblems>();
        try
        {
            RefuseOtherOrigins(context.Request);
            context.RequestServices.GetRequiredService<RequestRights>().Check(context);
            PathText.DecodeIds(context);
            RefuseAmbiguousQueries(context.Request);
            RefuseOtherParameters(context);
            await inner(context);
            if (context.Response is { HasStarted: false, StatusCode: >= StatusCodes.Status400BadRequest, ContentType: null } response)
            {
                ProblemKind kind = response.StatusCode switch
                {
                    StatusCodes.Status404NotFound => ProblemKind.NotFound,
                    StatusCodes.Status415UnsupportedMediaType => ProblemKind.WrongType,
                    _ => ProblemKind.BadRequest,
                };
                await problems.WriteAsync(context, kind, kind == ProblemKind.WrongType
                    ? OtherThanJson(context.Request)
                    : "The body is not the JSON that this address takes.");
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer.
        }
#pragma warning disable CA1031 // The last stop of every error: it becomes the answer.
        catch (Exception error) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            (ProblemKind kind, string detail) = problems.Of(error, context);
            await problems.WriteAsync(context, kind, detail, (error as RefusedException)?.RetryAfter);
        }
    }

    private static string OtherThanJson(HttpRequest request) => $"The Content-Type is '{request.ContentType}'. Send application/json.";

    /// <summary>Takes the client's id of the request, if it can stand in a log, and answers with it.</summary>
    private static void TakeRequestId(HttpContext context)
    {
        string given = context.Request.Headers[RequestIdHeader].ToString();
        if (given.Length is > 0 and <= LongestRequestId && given.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
        {
            context.TraceIdentifier = given;
        }

        context.Response.Headers[RequestIdHeader] = context.TraceIdentifier;
    }

    /// <summary>Lets pages of other origins read only, which browsers keep from them: they neither enroll, erase nor look somebody up.</summary>
    private static void RefuseOtherOrigins(HttpRequest request)
    {
        bool isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        if (!isSafe && IsOfOtherOrigin(request))
        {
            throw new RefusedException(ProblemKind.OtherOrigin, "The request was sent by a page of another origin. Send it from a program, or from a page of this service.");
        }
    }

    /// <summary>Goes by what browsers say; other clients say nothing.</summary>
    private static bool IsOfOtherOrigin(HttpRequest request)
    {
        if (request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site)
        {
            return site != "same-origin" && site != "none";
        }

        return request.Headers.Origin is { Count: > 0 } origin
            && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? page) && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Refuses a query that is no UTF-8, or gives a value twice: different ones of these would become one and the same.</summary>
    private static void RefuseAmbiguousQueries(HttpRequest request)
    {
        byte[] query = Encoding.UTF8.GetBytes(request.QueryString.Value ?? "");
        string? finding = !Utf8.IsValid(WebUtility.UrlDecodeToBytes(query, 0, query.Length)) ? "The query is not UTF-8, percent-encoded."
            : request.Query.FirstOrDefault(value => value.Value.Count > 1) is { Key: { } twice } ? $"The query gives '{twice}' twice. Give it once."
            : null;
        if (finding is not null)
        {
            throw new RefusedException(ProblemKind.BadRequest, finding);
        }
    }

    /// <summary>Refuses parameters that an endpoint does not have, lacks, or cannot read: a misspelled one must not pass in silence.</summary>
    private static void RefuseOtherParameters(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
        {
            return;
        }

        IParameterBindingMetadata[] known = [.. endpoint.Metadata.OfType<IParameterBindingMetadata>().Where(parameter => Name(TypeOf(parameter)) is not null && endpoint.RoutePattern.GetParameter(parameter.Name) is null)];
        string all = known.Length == 0 ? "It has no parameters." : $"Its parameters are {string.Join(", ", known.Select(parameter => $"{parameter.Name} ({Name(TypeOf(parameter))})"))}.";
        foreach ((string name, Extensions.Primitives.StringValues value) in context.Request.Query)
        {
            IParameterBindingMetadata parameter = known.FirstOrDefault(parameter => parameter.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                ?? throw new RefusedException(ProblemKind.BadRequest, $"This address has no parameter '{name}'. {all}");
            if (!IsReadable(TypeOf(parameter), value.ToString()))
            {
                throw new RefusedException(ProblemKind.BadRequest, $"'{value}' is no value of {parameter.Name} ({Name(TypeOf(parameter))}).");
            }
        }

        if (known.FirstOrDefault(parameter => !parameter.IsOptional && !context.Request.Query.ContainsKey(parameter.Name)) is { } missing)
        {
            throw new RefusedException(ProblemKind.BadRequest, $"The parameter {missing.Name} is missing. {all}");
        }
    }

    private static Type TypeOf(IParameterBindingMetadata parameter) => Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType;

    /// <summary>Names a type of parameters; null: it is none, but a service or the request itself.</summary>
    private static string? Name(Type type) => type == typeof(string) ? "text" : type == typeof(int) ? "whole number" : type == typeof(bool) ? "true or false" : null;

    private static bool IsReadable(Type type, string value) =>
        type == typeof(int) ? int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) : type != typeof(bool) || bool.TryParse(value, out _);
}
