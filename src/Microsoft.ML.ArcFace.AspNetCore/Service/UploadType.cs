using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Microsoft.ML.ArcFace.Service;

/// <summary>Holds a photograph of a request, valid while the request is answered.</summary>
/// <param name="Photograph">The photograph.</param>
/// <param name="Field">The name of its part; null: it is the whole body.</param>
/// <param name="FileName">The name of its file; null: none was given.</param>
internal sealed record UploadedPhotograph(FacePhotograph Photograph, string? Field, string? FileName);

/// <summary>Knows how photographs come in a body: one as it is, or several as parts of a form.</summary>
/// <param name="Boundary">What parts the form; null: the body is the photograph.</param>
internal sealed record UploadType(string? Boundary)
{
    public const string Smaller = "Make the photograph smaller, around the face.";

    /// <summary>Types of photographs. A page of another origin cannot send them before the browser has asked, and nobody answers it.</summary>
    public static readonly string[] OfPhotographs = ["image/jpeg", "image/png", "image/webp", "image/bmp"];

    public const string OfForms = "multipart/form-data";

    private const int LongestBoundary = 70, MostHeaders = 8, LongestHeaders = 8 << 10;

    /// <exception cref="RefusedException">It is none of the types.</exception>
    public static UploadType Of(HttpRequest request)
    {
        if (MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            if (IsPhotograph(type))
            {
                return new UploadType(Boundary: null);
            }

            if (type.MediaType.Equals(OfForms, StringComparison.OrdinalIgnoreCase) && HeaderUtilities.RemoveQuotes(type.Boundary) is { Length: > 0 and <= LongestBoundary } boundary)
            {
                return new UploadType(boundary.ToString());
            }
        }

        throw new RefusedException(ProblemKind.WrongType, $"The Content-Type is '{request.ContentType}'. Send {string.Join(", ", OfPhotographs)}, or {OfForms} with parts of these types.");
    }

    /// <summary>Finds the photographs of a body.</summary>
    /// <exception cref="RefusedException">There is none, there are too many, or they are too large or of another type.</exception>
    public async Task<IReadOnlyList<UploadedPhotograph>> ReadAsync(ReadOnlyMemory<byte> body, FaceServiceOptions options, CancellationToken cancellationToken)
    {
        if (Boundary is null)
        {
            return [new UploadedPhotograph(FacePhotograph.FromBytes(body, "of the request"), Field: null, FileName: null)];
        }

        MemoryMarshal.TryGetArray(body, out ArraySegment<byte> bytes);
        using var stream = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
        var reader = new MultipartReader(Boundary, stream) { HeadersCountLimit = MostHeaders, HeadersLengthLimit = LongestHeaders };
        var found = new List<UploadedPhotograph>();
        try
        {
            while (await reader.ReadNextSectionAsync(cancellationToken) is { } part)
            {
                if (found.Count == options.MaximumPhotographs)
                {
                    throw new RefusedException(ProblemKind.TooLarge, $"The form has more than {options.MaximumPhotographs} photographs. Send the others in a further request.");
                }

                found.Add(await ReadPartAsync(part, body, found.Count + 1, options, cancellationToken));
            }
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw new RefusedException(ProblemKind.BadRequest, $"The form is broken: {error.Message}");
        }

        return found.Count > 0 ? found : throw new RefusedException(ProblemKind.BadRequest, $"The form has no photograph. Send parts of the types {string.Join(", ", OfPhotographs)}.");
    }

    private static bool IsPhotograph(MediaTypeHeaderValue type) => OfPhotographs.Contains(type.MediaType.Value, StringComparer.OrdinalIgnoreCase);

    private static async Task<UploadedPhotograph> ReadPartAsync(MultipartSection part, ReadOnlyMemory<byte> body, int number, FaceServiceOptions options, CancellationToken cancellationToken)
    {
        ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out ContentDispositionHeaderValue? disposition);
        string? field = disposition is null ? null : HeaderUtilities.RemoveQuotes(disposition.Name).Value;
        if (!MediaTypeHeaderValue.TryParse(part.ContentType, out MediaTypeHeaderValue? type) || !IsPhotograph(type))
        {
            throw new RefusedException(ProblemKind.WrongType, $"Part {number} of the form ('{field}') has the Content-Type '{part.ContentType}'. Send parts of the types {string.Join(", ", OfPhotographs)}; everything else is a parameter of the address.");
        }

        int length = 0, read;
        byte[] skipped = new byte[1 << 14];
        while ((read = await part.Body.ReadAsync(skipped, cancellationToken)) > 0)
        {
            length += read;
        }

        if (length > options.MaximumPhotographBytes)
        {
            throw new RefusedException(ProblemKind.TooLarge, $"Photograph {number} of the form has {length} bytes; allowed are {options.MaximumPhotographBytes}. {Smaller}");
        }

        int start = checked((int)part.BaseStreamOffset!.Value);
        string? file = disposition is null ? null : HeaderUtilities.RemoveQuotes(disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName).Value;
        return new UploadedPhotograph(FacePhotograph.FromBytes(body.Slice(start, length), $"{number} of the form"), field, string.IsNullOrWhiteSpace(file) ? null : file);
    }
}
