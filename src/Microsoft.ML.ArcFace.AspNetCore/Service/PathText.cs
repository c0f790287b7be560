using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>
/// Reads ids out of the path as the client wrote it. The server leaves %2F encoded and decodes everything else, so that the
/// values of the route would be the same for the ids "a/b" and "a%2Fb".
/// </summary>
internal static class PathText
{
    private const string EncodedSlash = "%2F";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Puts the ids that the client wrote in the place of the route's values.</summary>
    /// <exception cref="RefusedException">The path can be read in two ways.</exception>
    public static void DecodeIds(HttpContext context)
    {
        if (context.GetEndpoint() is not RouteEndpoint { RoutePattern: { Parameters.Count: > 0 } pattern } || context.Features.Get<IHttpRequestFeature>()?.RawTarget is not { Length: > 0 } target)
        {
            return;
        }

        string[] segments = target.Split('?', 2)[0].TrimEnd('/').Split('/');
        for (int i = 0; i < pattern.PathSegments.Count; i++)
        {
            if (pattern.PathSegments[i].Parts is [RoutePatternParameterPart parameter])
            {
                int at = segments.Length - pattern.PathSegments.Count + i;
                context.Request.RouteValues[parameter.Name] = at >= 0 && Decode(segments[at]) is { } id && Seen(segments[at]) == context.Request.RouteValues[parameter.Name] as string
                    ? id
                    : throw new RefusedException(ProblemKind.BadRequest, $"The path '{target.Split('?', 2)[0]}' can be read in two ways. Send each id as one segment, percent-encoded in UTF-8 (a/b is a%2Fb), without . and .. between slashes.");
            }
        }
    }

    /// <summary>Tells whether a path can carry an id: "." and ".." are taken for folders, and the server refuses NUL.</summary>
    public static bool CanCarry(string id) => id is not ("." or "..") && !id.Contains('\0');

    /// <summary>Gives the text of a segment; null: it is no UTF-8.</summary>
    private static string? Decode(string segment)
    {
        var bytes = new List<byte>(segment.Length);
        for (int i = 0; i < segment.Length; i++)
        {
            if (segment[i] == '%' && i + 2 < segment.Length && byte.TryParse(segment.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else if (segment[i] is '%' or > '\u007F')
            {
                return null;
            }
            else
            {
                bytes.Add((byte)segment[i]);
            }
        }

        try
        {
            return Strict.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Gives what the server makes of a segment.</summary>
    private static string? Seen(string segment)
    {
        string[] parts = segment.Split(EncodedSlash, StringSplitOptions.None);
        string?[] seen = [.. parts.Select(part => string.Join("%2f", part.Split("%2f").Select(Decode)))];
        return string.Join(EncodedSlash, seen);
    }
}
