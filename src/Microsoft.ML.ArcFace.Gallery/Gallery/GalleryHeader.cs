using System.Buffers.Binary;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Counts what a gallery has, so that a file that lost rows is not taken for whole.</summary>
/// <param name="People">People in it.</param>
/// <param name="Photographs">Photographs in it.</param>
/// <param name="LastPerson">The greatest number of a person there ever was.</param>
/// <param name="LastPhotograph">The greatest number of a photograph there ever was.</param>
internal readonly record struct GalleryCounts(long People, long Photographs, long LastPerson, long LastPhotograph);

/// <summary>What a gallery's file says of itself: the one row of its table <c>gallery</c>.</summary>
/// <param name="Version">The version of the file (<see cref="GallerySchema"/>).</param>
/// <param name="GalleryId">16 random bytes that no other gallery has.</param>
/// <param name="Fingerprint">The model whose embeddings it keeps.</param>
/// <param name="EmbeddingSize">Numbers in an embedding.</param>
/// <param name="KeyCheck">An empty record under the gallery's key; null: it is not encrypted.</param>
/// <param name="Counts">What must be in it; files of version 1 do not say it.</param>
/// <param name="IsErasurePending">Whether something was removed and may still be read from unused parts of the file.</param>
internal sealed record GalleryHeader(int Version, byte[] GalleryId, string Fingerprint, int EmbeddingSize, byte[]? KeyCheck, GalleryCounts Counts, bool IsErasurePending)
{
    private const int GalleryIdLength = 16;

    /// <summary>Whether the file has counts and digests.</summary>
    public bool HasDigests => Version > 1;

    /// <summary>Makes the header of a new gallery.</summary>
    public static GalleryHeader Create(FaceGalleryModel model, RecordSeal? seal)
    {
        byte[] id = System.Security.Cryptography.RandomNumberGenerator.GetBytes(GalleryIdLength);
        byte[]? keyCheck = seal is null ? null : new GalleryRecords(id, seal).KeyCheck();
        return new GalleryHeader(GallerySchema.Version, id, model.Fingerprint, model.EmbeddingSize, keyCheck, default, IsErasurePending: false);
    }

    public GalleryRecords RecordsFor(RecordSeal? seal) => new(GalleryId, seal);

    /// <summary>Reads the row, without a check of what it says; null if its values are not of the kinds that were written.</summary>
    public static GalleryHeader? Read(SqliteConnection connection, int version, out byte[]? seal)
    {
        seal = null;
        using SqliteCommand select = connection.CreateCommand();
        select.CommandText = version == 1
            ? "SELECT id, fingerprint, embedding_size, key_check, erasure_pending FROM gallery"
            : "SELECT id, fingerprint, embedding_size, key_check, erasure_pending, people, photographs, last_person, last_photograph, seal FROM gallery";
        using SqliteDataReader reader = select.ExecuteReader();
        if (!reader.Read() || reader.GetValue(0) is not byte[] { Length: GalleryIdLength } id || reader.GetValue(1) is not string fingerprint
            || reader.GetValue(2) is not (long and > 0 and <= int.MaxValue and var size) || reader.GetValue(4) is not long erasurePending)
        {
            return null;
        }

        var header = new GalleryHeader(version, id, fingerprint, (int)size, reader.GetValue(3) as byte[], default, erasurePending != 0);
        if (!header.HasDigests)
        {
            return header;
        }

        seal = reader.GetValue(9) as byte[];
        return reader.GetValue(5) is long people && reader.GetValue(6) is long photographs && reader.GetValue(7) is long lastPerson && reader.GetValue(8) is long lastPhotograph
            ? header with { Counts = new GalleryCounts(people, photographs, lastPerson, lastPhotograph) }
            : null;
    }

    /// <summary>Writes the first row of a new gallery.</summary>
    public void Insert(SqliteConnection connection, GalleryRecords records)
    {
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = """
            INSERT INTO gallery (id, fingerprint, embedding_size, key_check, erasure_pending, people, photographs, last_person, last_photograph, seal)
            VALUES ($id, $fingerprint, $size, $check, 0, $people, $photographs, $lastPerson, $lastPhotograph, $seal)
            """;
        insert.Parameters.AddWithValue("$id", GalleryId);
        insert.Parameters.AddWithValue("$fingerprint", Fingerprint);
        insert.Parameters.AddWithValue("$size", EmbeddingSize);
        insert.Parameters.AddWithValue("$check", (object?)KeyCheck ?? DBNull.Value);
        AddCounts(insert, records);
        insert.ExecuteNonQuery();
    }

    /// <summary>Writes the counts, and whether an erasure is pending.</summary>
    public void Update(SqliteConnection connection, GalleryRecords records)
    {
        using SqliteCommand update = connection.CreateCommand();
        update.CommandText = """
            UPDATE gallery SET erasure_pending = $pending, people = $people, photographs = $photographs,
                last_person = $lastPerson, last_photograph = $lastPhotograph, seal = $seal
            """;
        update.Parameters.AddWithValue("$pending", IsErasurePending ? 1 : 0);
        AddCounts(update, records);
        update.ExecuteNonQuery();
    }

    /// <summary>Whether the header is as it was written.</summary>
    public bool IsSealedBy(byte[]? seal, GalleryRecords records) => seal is not null && records.IsHeaderSeal(seal, Content());

    private void AddCounts(SqliteCommand command, GalleryRecords records)
    {
        command.Parameters.AddWithValue("$people", Counts.People);
        command.Parameters.AddWithValue("$photographs", Counts.Photographs);
        command.Parameters.AddWithValue("$lastPerson", Counts.LastPerson);
        command.Parameters.AddWithValue("$lastPhotograph", Counts.LastPhotograph);
        command.Parameters.AddWithValue("$seal", records.HeaderSeal(Content()));
    }

    /// <summary>All that must not change unnoticed. Whether an erasure is pending is not part of it: erasing twice does no harm.</summary>
    private byte[] Content()
    {
        byte[] text = Encoding.UTF8.GetBytes(Fingerprint);
        byte[] content = new byte[(5 * sizeof(long)) + sizeof(int) + (KeyCheck?.Length ?? 0) + text.Length];
        long[] numbers = [EmbeddingSize, Counts.People, Counts.Photographs, Counts.LastPerson, Counts.LastPhotograph];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(i * sizeof(long)), numbers[i]);
        }

        Span<byte> rest = content.AsSpan(numbers.Length * sizeof(long));
        BinaryPrimitives.WriteInt32LittleEndian(rest, KeyCheck?.Length ?? -1);
        KeyCheck?.CopyTo(rest[sizeof(int)..]);
        text.CopyTo(rest[(sizeof(int) + (KeyCheck?.Length ?? 0))..]);
        return content;
    }
}
