using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>A person as the file keeps them.</summary>
internal sealed record StoredPerson(string Id, string Name);

/// <summary>What a record of the file is; part of what binds an encrypted one to its place.</summary>
internal enum RecordKind : byte
{
    KeyCheck = 1,
    Person = 2,
    Photograph = 3,
    Embedding = 4,
    Header = 5,
}

/// <summary>Writes records of people and photographs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoredPerson))]
[JsonSerializable(typeof(GalleryPhotograph))]
internal sealed partial class GalleryJson : JsonSerializerContext
{
    /// <summary>The context with names as they are written, and not as escape sequences.</summary>
    public static GalleryJson Legible => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>Records of the file: JSON for what is known of people and photographs, little-endian floats for vectors; encrypted if there is a key.</summary>
/// <param name="galleryId">16 random bytes that no other gallery has.</param>
/// <param name="seal">Encrypts; null: nothing is encrypted.</param>
internal sealed class GalleryRecords(byte[] galleryId, RecordSeal? seal)
{
    public byte[] KeyCheck() => Write([], RecordKind.KeyCheck, 0, 0);

    public bool IsKeyCheck(byte[] record) => Read(record, RecordKind.KeyCheck, 0, 0) is { Length: 0 };

    /// <summary>Seals what the header says: by the key, or by a digest if there is none.</summary>
    public byte[] HeaderSeal(byte[] content) => seal is null ? XxHash128.Hash(HeaderContext(content)) : seal.Seal([], HeaderContext(content));

    public bool IsHeaderSeal(byte[] record, byte[] content) =>
        seal is null ? record.AsSpan().SequenceEqual(HeaderSeal(content)) : seal.Open(record, HeaderContext(content)) is not null;

    public byte[] Write(StoredPerson person, long number) => Write(JsonSerializer.SerializeToUtf8Bytes(person, GalleryJson.Legible.StoredPerson), RecordKind.Person, number, number);

    public byte[] Write(GalleryPhotograph photograph, long number, long personNumber) =>
        Write(JsonSerializer.SerializeToUtf8Bytes(photograph, GalleryJson.Legible.GalleryPhotograph), RecordKind.Photograph, number, personNumber);

    public byte[] Write(float[] embedding, long number, long personNumber) => Write(Bytes(embedding), RecordKind.Embedding, number, personNumber);

    /// <summary>The person; null if the record is not as it was written.</summary>
    public StoredPerson? ReadPerson(byte[] record, long number) =>
        Parse(Read(record, RecordKind.Person, number, number), GalleryJson.Legible.StoredPerson) is { Id.Length: > 0, Name.Length: > 0 } person ? person : null;

    /// <summary>The photograph; null if the record is not as it was written.</summary>
    public GalleryPhotograph? ReadPhotograph(byte[] record, long number, long personNumber) =>
        Parse(Read(record, RecordKind.Photograph, number, personNumber), GalleryJson.Legible.GalleryPhotograph) is { Id.Length: > 0 } photograph ? photograph : null;

    /// <summary>The vector; null if the record is not as it was written: of another size, or not of unit length.</summary>
    public float[]? ReadEmbedding(byte[] record, long number, long personNumber, int size)
    {
        const double tolerance = 1e-4;
        byte[]? bytes = Read(record, RecordKind.Embedding, number, personNumber);
        if (bytes is null || bytes.Length != size * sizeof(float))
        {
            return null;
        }

        float[] vector = new float[size];
        for (int i = 0; i < size; i++)
        {
            vector[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * sizeof(float)));
        }

        return Math.Abs(Evaluation.UnitVectors.Length(vector) - 1) <= tolerance ? vector : null;
    }

    private static byte[] Bytes(float[] vector)
    {
        if (BitConverter.IsLittleEndian)
        {
            return MemoryMarshal.AsBytes(vector.AsSpan()).ToArray();
        }

        byte[] bytes = new byte[vector.Length * sizeof(float)];
        for (int i = 0; i < vector.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), vector[i]);
        }

        return bytes;
    }

    private static T? Parse<T>(byte[]? json, JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private byte[] HeaderContext(byte[] content) => [.. galleryId, (byte)RecordKind.Header, .. content];

    private byte[] Write(byte[] plain, RecordKind kind, long number, long personNumber) => seal is null ? plain : seal.Seal(plain, Context(kind, number, personNumber));

    private byte[]? Read(byte[] record, RecordKind kind, long number, long personNumber) => seal is null ? record : seal.Open(record, Context(kind, number, personNumber));

    /// <summary>Binds a record to its gallery, its row and its person: put elsewhere it does not open.</summary>
    private byte[] Context(RecordKind kind, long number, long personNumber)
    {
        byte[] context = new byte[galleryId.Length + 1 + (2 * sizeof(long))];
        galleryId.CopyTo(context, 0);
        context[galleryId.Length] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(context.AsSpan(galleryId.Length + 1), number);
        BinaryPrimitives.WriteInt64LittleEndian(context.AsSpan(galleryId.Length + 1 + sizeof(long)), personNumber);
        return context;
    }
}
