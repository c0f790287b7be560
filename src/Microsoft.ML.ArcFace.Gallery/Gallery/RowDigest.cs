using System.Buffers.Binary;
using System.IO.Hashing;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// Digests rows as they stand in the file, bound to their gallery, their number and their person, by XXH128. They show
/// accidents; against people who change a file on purpose there is encryption. Used by one thread at a time.
/// </summary>
/// <param name="galleryId">16 random bytes that no other gallery has.</param>
internal sealed class RowDigest(byte[] galleryId)
{
    public const int Length = 16;

    private readonly XxHash128 _hash = new();

    public byte[] OfPerson(long number, ReadOnlySpan<byte> details) => Of(RecordKind.Person, number, number, details, []);

    public byte[] OfPhotograph(long number, long person, ReadOnlySpan<byte> details, ReadOnlySpan<byte> embedding) => Of(RecordKind.Photograph, number, person, details, embedding);

    private byte[] Of(RecordKind kind, long number, long person, ReadOnlySpan<byte> details, ReadOnlySpan<byte> embedding)
    {
        Span<byte> place = stackalloc byte[1 + (2 * sizeof(long)) + sizeof(int)];
        place[0] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(place[1..], number);
        BinaryPrimitives.WriteInt64LittleEndian(place[(1 + sizeof(long))..], person);
        BinaryPrimitives.WriteInt32LittleEndian(place[(1 + (2 * sizeof(long)))..], details.Length);
        _hash.Append(galleryId);
        _hash.Append(place);
        _hash.Append(details);
        _hash.Append(embedding);
        return _hash.GetHashAndReset();
    }
}
