using System.Net;
using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Microsoft.ML.ArcFace.Samples.Web;

/// <summary>
/// Refuses requests that the operator's own browser was made to send by a page of somebody else, and those whose text can be
/// read in two ways.
/// </summary>
internal static class RequestChecks
{
    /// <summary>Types of bodies. A page of another origin cannot send them before the browser has asked, and nobody answers it.</summary>
    public static readonly string[] PhotographTypes = ["image/jpeg", "image/png", "image/webp", "image/bmp"];

    private static readonly string[] Wildcards = ["*", "+", "0.0.0.0", "[::]"];

    /// <summary>Lists the names by which the service may be called, against pages whose name is made to lead to this machine.</summary>
    public static IList<string> AllowedHosts(WebApiSettings settings) =>
    [
        "localhost", "127.0.0.1", "[::1]",
        .. settings.Urls.Split(';').Select(url => BindingAddress.Parse(url).Host).Except(Wildcards),
        .. settings.AllowedHosts,
    ];

    /// <summary>Lets pages of other origins read only, which browsers keep from them: they neither enroll, erase nor look somebody up.</summary>
    public static Task RefuseOtherOrigins(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        bool isSafe = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        return isSafe || !IsOfOtherOrigin(request)
            ? next(context)
            : TypedResults.Problem("The request was sent by a page of another origin.", statusCode: StatusCodes.Status403Forbidden).ExecuteAsync(context);
    }

    /// <summary>Refuses a query that is no UTF-8, or gives a value twice: different ones of these would become one and the same id.</summary>
    public static Task RefuseAmbiguousQueries(HttpContext context, RequestDelegate next)
    {
        byte[] query = Encoding.UTF8.GetBytes(context.Request.QueryString.Value ?? "");
        string? finding = !Utf8.IsValid(WebUtility.UrlDecodeToBytes(query, 0, query.Length)) ? "The query is not UTF-8, percent-encoded."
            : context.Request.Query.Any(value => value.Value.Count > 1) ? "The query gives a value twice. Send one request for each."
            : null;
        return finding is null ? next(context) : TypedResults.Problem(finding, statusCode: StatusCodes.Status400BadRequest).ExecuteAsync(context);
    }

    /// <summary>Refuses ids in the path that are still encoded, as Kestrel leaves a slash: %2F and %252F would be the same person.</summary>
    public static async ValueTask<object?> RefuseEscapedIds(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        context.HttpContext.GetRouteValue("id") is string id && id.Contains('%')
            ? TypedResults.Problem("An id with / or % travels in the query: /people?id=a%2Fb, /people/photographs?id=a%2Fb.", statusCode: StatusCodes.Status400BadRequest)
            : await next(context);

    /// <summary>Requires a type: a request without one is sent to any page's liking, and matches every endpoint.</summary>
    public static async ValueTask<object?> RequirePhotographType(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        MediaTypeHeaderValue.TryParse(context.HttpContext.Request.ContentType, out MediaTypeHeaderValue? type) && PhotographTypes.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase)
            ? await next(context)
            : TypedResults.Problem(
                $"The Content-Type is '{context.HttpContext.Request.ContentType}'. Send {string.Join(", ", PhotographTypes)}.", statusCode: StatusCodes.Status415UnsupportedMediaType);

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
}
