using Microsoft.Data.Sqlite;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>Reads out of a damaged gallery what is sound, and makes a new one of it. The damaged file is only read.</summary>
internal sealed class GalleryRecovery
{
    private readonly SqliteConnection _connection;
    private readonly GalleryHeader _header;
    private readonly GalleryRowReader _rows;
    private readonly GalleryRecords _records;
    private readonly List<string> _lost = [];

    private GalleryRecovery(SqliteConnection connection, GalleryHeader header, RecordSeal? seal)
    {
        (_connection, _header) = (connection, header);
        (_rows, _records) = (new GalleryRowReader(connection, header), header.RecordsFor(seal));
    }

    /// <summary>Makes a gallery of what is sound in another.</summary>
    /// <exception cref="FaceGalleryException">Nothing can be read out, or the new file cannot be written, or is there already.</exception>
    public static RecoveredGallery Run(string path, string target, byte[]? key)
    {
        GalleryBackup.ThrowIfTaken(path, target, overwrite: null);
        return ReadOnlyGalleryFile.Read(path, connection =>
        {
            using RecordSeal? seal = key is null ? null : new RecordSeal(key);
            GalleryHeader header = GallerySchema.ReadUnchecked(connection, path);
            GallerySchema.ThrowIfKeyDiffers(path, header, seal);
            RecoveredGallery? recovered = null;
            GalleryBackup.WriteNew($"The new gallery '{target}', of what is sound in '{path}',", target, overwrite: false, output => recovered = new GalleryRecovery(connection, header, seal).WriteTo(output, path, seal));
            return recovered!;
        });
    }

    private RecoveredGallery WriteTo(SqliteConnection output, string path, RecordSeal? seal)
    {
        GalleryHeader header = GalleryHeader.Create(new FaceGalleryModel(_header.Fingerprint, _header.EmbeddingSize), seal);
        GalleryRecords records = header.RecordsFor(seal);
        GallerySchema.Create(output, header, records);
        Dictionary<long, StoredPerson> people = ReadPeople();
        using SqliteTransaction transaction = output.BeginTransaction();
        var changes = new GalleryTransaction(path, output, records, new RowDigest(header.GalleryId), default);
        var written = new HashSet<long>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (GalleryRow row in Sound("photograph", _rows.Photographs, _header.Counts.LastPhotograph))
        {
            if (!people.TryGetValue(row.Person, out StoredPerson? person)
                || _records.ReadPhotograph(row.Details, row.Number, row.Person) is not { } photograph
                || _records.ReadEmbedding(row.Embedding, row.Number, row.Person, _header.EmbeddingSize) is not { } vector
                || !ids.Add(photograph.Id))
            {
                _lost.Add(people.ContainsKey(row.Person) ? $"photograph {row.Number} is not as it was written" : $"photograph {row.Number}: its person, number {row.Person}, cannot be read");
                continue;
            }

            if (written.Add(row.Person))
            {
                changes.Apply(new PersonAdded(row.Person, person.Id, person.Name));
            }

            changes.Apply(new PhotographAdded(row.Number, row.Person, person.Id, photograph, vector));
        }

        _lost.AddRange(people.Keys.Except(written).Select(number => $"person {number} ('{people[number].Id}') has no photograph that can be read"));
        if (changes.Counts.Photographs == 0 && _lost.Count > 0)
        {
            throw GalleryErrors.BeyondRecovery(path, "nothing in it is sound, so no new gallery was made");
        }

        (header with { Counts = changes.Counts }).Update(output, records);
        transaction.Commit();
        return new RecoveredGallery((int)changes.Counts.People, (int)changes.Counts.Photographs, _header.HasDigests ? _header.Counts.People : null, _header.HasDigests ? _header.Counts.Photographs : null, _lost);
    }

    /// <summary>Reads the people; of those with one id the first keeps it, and the others are told apart by their numbers.</summary>
    private Dictionary<long, StoredPerson> ReadPeople()
    {
        var people = new Dictionary<long, StoredPerson>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        foreach (GalleryRow row in Sound("person", _rows.People, _header.Counts.LastPerson))
        {
            if (_records.ReadPerson(row.Details, row.Number) is not { } person || people.ContainsKey(row.Number))
            {
                _lost.Add($"person {row.Number} is not as it was written");
                continue;
            }

            string id = person.Id;
            for (int again = 1; !ids.Add(id); again++)
            {
                id = $"{person.Id} ({row.Number}{(again == 1 ? "" : $", {again}")})";
            }

            if (id != person.Id)
            {
                _lost.Add($"person {row.Number} has the id '{person.Id}' of another; it is kept as '{id}'");
            }

            people.Add(row.Number, person with { Id = id });
        }

        return people;
    }

    /// <summary>Reads the rows that are sound; where the table cannot be read, it is tried again with the next number.</summary>
    private IEnumerable<GalleryRow> Sound(string what, Func<long, IEnumerable<GalleryRow>> read, long last)
    {
        const int maxFailures = 1_000_000;
        last = Math.Max(last, LastNumberOf(what));
        long next = 1;
        int failures = 0;
        for (; failures < maxFailures && (failures == 0 || next <= last); failures++, next++)
        {
            using IEnumerator<GalleryRow> rows = read(next).GetEnumerator();
            while (TryMove(rows, out bool isThere) && (!isThere || rows.Current.Number >= next))
            {
                AddUnreadable(what, next - failures, isThere ? rows.Current.Number - 1 : last, failures);
                if (!isThere)
                {
                    yield break;
                }

                (failures, next) = (0, rows.Current.Number + 1);
                if (rows.Current.IsSound)
                {
                    yield return rows.Current;
                }
                else
                {
                    _lost.Add($"{what} {rows.Current.Number} is not as it was written");
                }
            }
        }

        AddUnreadable(what, next - failures, last, failures);
    }

    private void AddUnreadable(string what, long from, long to, int failures)
    {
        if (failures > 0 && to >= from)
        {
            _lost.Add(from == to ? $"{what} {from} cannot be read" : $"what there was of {what} {from} to {to} cannot be read");
        }
    }

    private static bool TryMove(IEnumerator<GalleryRow> rows, out bool isThere)
    {
        try
        {
            isThere = rows.MoveNext();
            return true;
        }
        catch (SqliteException)
        {
            isThere = false;
            return false;
        }
    }

    private long LastNumberOf(string table)
    {
        try
        {
            return GallerySchema.LastNumber(_connection, table);
        }
        catch (Exception error) when (error is SqliteException or InvalidCastException or FormatException or OverflowException)
        {
            return 0;
        }
    }
}
