using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>A row as it stands in the file.</summary>
/// <param name="Number">Its number; 0 where that cannot be read.</param>
/// <param name="Person">The number of the person: their own, or the photograph's.</param>
/// <param name="Details">The record of what is known.</param>
/// <param name="Embedding">The record of the vector; empty for people.</param>
/// <param name="IsSound">Whether its values are of the kinds that were written, and its digest, if the file has them, is theirs.</param>
internal readonly record struct GalleryRow(long Number, long Person, byte[] Details, byte[] Embedding, bool IsSound);

/// <summary>Reads rows of a gallery's file and compares them with their digests.</summary>
internal sealed class GalleryRowReader(SqliteConnection connection, GalleryHeader header)
{
    private readonly RowDigest _digest = new(header.GalleryId);

    private string DigestColumn => header.HasDigests ? "digest" : "NULL";

    /// <summary>Reads people from a number on.</summary>
    public IEnumerable<GalleryRow> People(long from = long.MinValue) => Read($"SELECT number, number, details, x'', {DigestColumn} FROM person WHERE number >= {from} ORDER BY number", isPerson: true);

    /// <summary>Reads photographs from a number on.</summary>
    public IEnumerable<GalleryRow> Photographs(long from = long.MinValue) =>
        Read($"SELECT number, person, details, embedding, {DigestColumn} FROM photograph WHERE number >= {from} ORDER BY number", isPerson: false);

    private IEnumerable<GalleryRow> Read(string query, bool isPerson)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = query;
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return reader.GetValue(0) is long number && reader.GetValue(1) is long person && reader.GetValue(2) is byte[] details && reader.GetValue(3) is byte[] embedding
                ? new GalleryRow(number, person, details, embedding, !header.HasDigests || IsDigest(reader.GetValue(4), isPerson, number, person, details, embedding))
                : new GalleryRow(reader.GetValue(0) as long? ?? 0, 0, [], [], IsSound: false);
        }
    }

    private bool IsDigest(object value, bool isPerson, long number, long person, byte[] details, byte[] embedding) =>
        value is byte[] digest && digest.AsSpan().SequenceEqual(isPerson ? _digest.OfPerson(number, details) : _digest.OfPhotograph(number, person, details, embedding));
}
