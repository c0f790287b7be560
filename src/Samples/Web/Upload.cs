using System.Buffers;
using System.Numerics;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.ArcFace.Samples.Web;

/// <summary>Holds the body of a request in memory that others use after it.</summary>
internal sealed class Upload(HttpRequest request, int maximumBytes, ArrayPool<byte> pool) : IDisposable
{
    private readonly byte[] _bytes = pool.Rent((int)LengthOf(request, maximumBytes));

    /// <summary>Gives the bytes that a body may have; one that does not say may have the most.</summary>
    public static long LengthOf(HttpRequest request, int maximumBytes) => request.ContentLength ?? maximumBytes;

    /// <summary>Makes a pool that keeps as many arrays as are in use at once; the shared one keeps one for each thread, too.</summary>
    public static ArrayPool<byte> CreatePool(WebApiSettings settings) =>
        ArrayPool<byte>.Create((int)MemoryFor(settings.MaximumBytes), (int)Math.Max(1, settings.UploadBytes / MemoryFor(settings.MaximumBytes)));

    /// <summary>Gives the bytes of memory that so long a body takes: the pool's arrays are powers of two.</summary>
    public static long MemoryFor(long length) => (long)BitOperations.RoundUpToPowerOf2((ulong)length);

    /// <summary>Reads the body; the photograph is valid until this is disposed of.</summary>
    public async Task<FacePhotograph> ReadAsync(CancellationToken cancellationToken)
    {
        int length = await request.Body.ReadAtLeastAsync(_bytes, _bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return FacePhotograph.FromBytes(_bytes.AsMemory(0, length), "of the request");
    }

    public void Dispose() => pool.Return(_bytes);
}
