using System.Data;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Npgsql;
using Pgvector;

namespace Microsoft.ML.ArcFace.Postgres;

/// <summary>
/// A gallery in PostgreSQL with pgvector, for more people than one machine's memory holds and for many processes at once. An
/// HNSW index finds candidates, and these are compared exactly; whom the index misses is missed, and
/// <see cref="MeasureRecallAsync"/> says how often that is. Changes are transactions.
/// </summary>
public sealed class PostgresFaceGallery : FaceGalleryBase
{
    private readonly NpgsqlDataSource _dataSource;
    private readonly PostgresGalleryOptions _options;
    private readonly GallerySql _sql;

    private PostgresFaceGallery(NpgsqlDataSource dataSource, FaceGalleryModel model, PostgresGalleryOptions options)
        : base(model, options) => (_dataSource, _options, _sql) = (dataSource, options, new GallerySql(options, model.EmbeddingSize));

    /// <summary>Opens a gallery, or makes one.</summary>
    /// <param name="connectionString">The database, as Npgsql takes it. Its user may create a schema, and the extension vector is there or may be created too.</param>
    /// <param name="model">What tells the embeddings from others, as <c>embedder.GetGalleryModel()</c> gives it or for embeddings from elsewhere as you name it; up to 4,000 numbers in an embedding.</param>
    /// <param name="options">What can be set; null: the defaults.</param>
    /// <param name="cancellationToken">Stops waiting for the database.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
    /// <exception cref="FaceGalleryException">The database cannot be reached, has no pgvector, or keeps vectors of another model.</exception>
    public static async Task<PostgresFaceGallery> OpenAsync(
        string connectionString, FaceGalleryModel model, PostgresGalleryOptions? options = null, CancellationToken cancellationToken = default)
    {
        const int mostNumbersOfAnIndex = 4000;
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        ArgumentNullException.ThrowIfNull(model);
        options ??= new PostgresGalleryOptions();
        options.Check();
        if (model.EmbeddingSize > mostNumbersOfAnIndex)
        {
            throw new ArgumentOutOfRangeException(nameof(model), model.EmbeddingSize, $"An embedding has {model.EmbeddingSize} numbers; pgvector indexes up to {mostNumbersOfAnIndex}.");
        }

        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.UseVector();
        NpgsqlDataSource dataSource = builder.Build();
        try
        {
            var gallery = new PostgresFaceGallery(dataSource, model, options);
            await gallery.CreateOrCheckAsync(cancellationToken).ConfigureAwait(false);
            return gallery;
        }
        catch (Exception error)
        {
            await dataSource.DisposeAsync().ConfigureAwait(false);
            if (error is NpgsqlException)
            {
                throw new FaceGalleryException(FaceGalleryProblem.Unreachable,
                    $"The gallery '{options.Schema}' cannot be opened: {error.Message} Look at the connection string, at the user's rights, and whether the server has pgvector 0.8 or newer.", error);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> CountVectorsAsync(CancellationToken cancellationToken = default)
    {
        await using NpgsqlCommand command = _dataSource.CreateCommand(_sql.Count);
        return (int)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    /// <inheritdoc/>
    public override async Task<bool> RemoveAsync(string personId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return CanBeKept(personId) && (await RemoveExactlyAsync(personId, cancellationToken).ConfigureAwait(false)
            || (InOneForm(personId) is var other && other != personId && await RemoveExactlyAsync(other, cancellationToken).ConfigureAwait(false)));
    }

    private Task<bool> RemoveExactlyAsync(string personId, CancellationToken cancellationToken)
    {
        return InTransactionAsync(async connection =>
        {
            // Whoever enrolls this person at the same time has finished, or waits. Without a row there is nothing to hold: whoever
            // makes it in the next moment enrolls after this removal.
            await using (NpgsqlCommand find = Command(connection, _sql.LockPerson, personId))
            {
                if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
                {
                    return false;
                }
            }

            int photographs = await ExecuteAsync(connection, _sql.RemovePhotographsOf, cancellationToken, personId).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.RemovePerson, cancellationToken, personId).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.ChangeCount, cancellationToken, -photographs).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<bool> RemovePhotographAsync(string photographId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(photographId);
        return !CanBeKept(photographId) ? Task.FromResult(false) : InTransactionAsync(async connection =>
        {
            await using NpgsqlCommand find = Command(connection, _sql.LockPersonOf, photographId);
            if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not string person)
            {
                return false;
            }

            int removed = await ExecuteAsync(connection, _sql.RemovePhotograph, cancellationToken, photographId).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.RemoveIfEmpty, cancellationToken, person).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.ChangeCount, cancellationToken, -removed).ConfigureAwait(false);
            return removed == 1;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public override async Task<GalleryPerson?> FindAsync(string personId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(personId);
        return !CanBeKept(personId) ? null : await FindExactlyAsync(personId, cancellationToken).ConfigureAwait(false)
            ?? (InOneForm(personId) is var other && other != personId ? await FindExactlyAsync(other, cancellationToken).ConfigureAwait(false) : null);
    }

    private async Task<GalleryPerson?> FindExactlyAsync(string personId, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = _dataSource.CreateCommand(_sql.PhotographsOf);
        command.Parameters.AddWithValue(personId);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        string? name = null;
        var photographs = new List<GalleryPhotograph>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            name = reader.GetString(0);
            photographs.Add(ReadPhotograph(reader, firstColumn: 1));
        }

        return name is null ? null : new GalleryPerson(personId, name, photographs);
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<GalleryPerson> GetPeopleAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using NpgsqlCommand command = _dataSource.CreateCommand(_sql.People);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        GalleryPerson? person = null;
        var photographs = new List<GalleryPhotograph>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            string id = reader.GetString(4);
            if (person?.Id != id)
            {
                if (person is not null)
                {
                    yield return person;
                }

                photographs = [];
                person = new GalleryPerson(id, reader.GetString(0), photographs);
            }

            photographs.Add(ReadPhotograph(reader, firstColumn: 1));
        }

        if (person is not null)
        {
            yield return person;
        }
    }

    /// <summary>Searches by the index and exactly, and tells how much the index finds: whether the candidates are enough.</summary>
    /// <param name="probes">Embeddings of faces as they come, one or more.</param>
    /// <param name="count">How many people each looks for, 1 or more.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">There are no probes, or one has another size than the gallery's, or no direction.</exception>
    /// <exception cref="FaceGalleryException">Another model made a probe.</exception>
    public async Task<SearchRecall> MeasureRecallAsync(IReadOnlyCollection<FaceEmbedding> probes, int count = 10, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(probes);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfZero(probes.Count, nameof(probes));
        int found = 0, expected = 0, sameFirst = 0;
        TimeSpan indexTime = TimeSpan.Zero, exactTime = TimeSpan.Zero;
        foreach (FaceEmbedding probe in probes)
        {
            float[] vector = UnitVector(probe, nameof(probes));
            (IReadOnlyList<FaceCandidate> byIndex, TimeSpan indexed) = await TimedAsync(vector, isExact: false).ConfigureAwait(false);
            (IReadOnlyList<FaceCandidate> exact, TimeSpan compared) = await TimedAsync(vector, isExact: true).ConfigureAwait(false);
            expected += exact.Count;
            found += exact.Select(person => person.PersonId).Intersect(byIndex.Select(person => person.PersonId), StringComparer.Ordinal).Count();
            sameFirst += exact.FirstOrDefault()?.PersonId == byIndex.FirstOrDefault()?.PersonId ? 1 : 0;
            (indexTime, exactTime) = (indexTime + indexed, exactTime + compared);
        }

        return new SearchRecall(
            expected == 0 ? 1 : (double)found / expected, (double)sameFirst / probes.Count, probes.Count, count, indexTime / probes.Count, exactTime / probes.Count);

        async Task<(IReadOnlyList<FaceCandidate>, TimeSpan)> TimedAsync(float[] vector, bool isExact)
        {
            var clock = Stopwatch.StartNew();
            return (await NearestAsync(vector, count, isExact, cancellationToken).ConfigureAwait(false), clock.Elapsed);
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _dataSource.DisposeAsync();

    /// <inheritdoc/>
    protected override Task<IReadOnlyList<FaceEnrollment>> AddAsync(IReadOnlyList<GalleryVector> vectors, bool replaceSameSource, CancellationToken cancellationToken)
    {
        foreach (string? text in vectors.SelectMany(vector => new[] { vector.PersonId, vector.Name, vector.Photograph.Source }))
        {
            CheckText(text, "faces");
        }

        return InTransactionAsync(connection => AddAsync(connection, vectors, replaceSameSource, cancellationToken), cancellationToken);
    }

    private async Task<IReadOnlyList<FaceEnrollment>> AddAsync(NpgsqlConnection connection, IReadOnlyList<GalleryVector> vectors, bool replaceSameSource, CancellationToken cancellationToken)
    {
        var known = new List<GalleryVector>();

        // In the same order everywhere, so that two who write never wait for each other.
        foreach (GalleryVector vector in vectors.DistinctBy(vector => vector.PersonId, StringComparer.Ordinal).OrderBy(vector => vector.PersonId, StringComparer.Ordinal))
        {
            (string name, bool isNew) = await AddPersonAsync(connection, vector, cancellationToken).ConfigureAwait(false);
            CheckName(vector.PersonId, name, vector.Name);
            if (!isNew)
            {
                await ReadVectorsAsync(connection, vector.PersonId, name, known, cancellationToken).ConfigureAwait(false);
            }
        }

        // The rows of these people are held, so nobody changes their photographs meanwhile.
        var plan = EnrollmentPlan.Create(vectors, known, replaceSameSource);
        await ExchangeAsync(connection, plan.Added, plan.Removed, cancellationToken).ConfigureAwait(false);
        return plan.Results;
    }

    /// <inheritdoc/>
    protected override Task<bool> ReplaceAsync(string personId, IReadOnlyList<GalleryVector> vectors, CancellationToken cancellationToken)
    {
        foreach (GalleryVector vector in vectors)
        {
            CheckText(vector.Photograph.Source, "faces");
        }

        return InTransactionAsync(async connection =>
        {
            await using (NpgsqlCommand find = Command(connection, _sql.LockPerson, personId))
            {
                if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is null)
                {
                    return false;
                }
            }

            int removed = await ExecuteAsync(connection, _sql.RemovePhotographsOf, cancellationToken, personId).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.ChangeCount, cancellationToken, -removed).ConfigureAwait(false);
            await ExchangeAsync(connection, vectors, [], cancellationToken).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }

    /// <summary>Takes photographs away and writes others, whose people are there.</summary>
    private async Task ExchangeAsync(NpgsqlConnection connection, IReadOnlyList<GalleryVector> added, IReadOnlyList<GalleryPhotograph> removed, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (GalleryPhotograph photograph in removed)
        {
            Add(_sql.RemovePhotograph, photograph.Id);
        }

        foreach (GalleryVector vector in added)
        {
            Add(_sql.AddPhotograph, vector.Photograph.Id, vector.PersonId, (object?)vector.Photograph.Source ?? DBNull.Value, vector.Photograph.EnrolledAt, new Vector(vector.Vector));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(connection, _sql.ChangeCount, cancellationToken, added.Count - removed.Count).ConfigureAwait(false);
        }

        void Add(string statement, params object[] parameters)
        {
            var command = new NpgsqlBatchCommand(statement);
            AddParameters(command.Parameters, parameters);
            batch.BatchCommands.Add(command);
        }
    }

    /// <inheritdoc/>
    protected override Task<bool> ChangeNameAsync(string personId, string name, CancellationToken cancellationToken)
    {
        CheckText(name, nameof(name));
        return !CanBeKept(personId) ? Task.FromResult(false) : InTransactionAsync(
            async connection => await ExecuteAsync(connection, _sql.Rename, cancellationToken, personId, name).ConfigureAwait(false) == 1, cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task<IReadOnlyList<FaceCandidate>> FindNearestAsync(float[] probe, int count, CancellationToken cancellationToken) =>
        NearestAsync(probe, count, _options.SearchExactly, cancellationToken);

    /// <summary>Tells whether PostgreSQL keeps such text: it has no zero character.</summary>
    private static bool CanBeKept(string text) => IsWellFormed(text) && !text.Contains('\0', StringComparison.Ordinal);

    private static void CheckText(string? text, string parameterName)
    {
        if (text is not null && !CanBeKept(text))
        {
            throw new ArgumentException($"'{text.Replace("\0", "\\u0000", StringComparison.Ordinal)}' has a zero character (U+0000), which PostgreSQL does not keep. Give it without.", parameterName);
        }
    }

    private async Task<IReadOnlyList<FaceCandidate>> NearestAsync(float[] probe, int count, bool isExact, CancellationToken cancellationToken)
    {
        // People with many photographs may take the first places: ask for more until there are enough people.
        const int growth = 4;
        for (int candidates = Math.Max(_options.CandidateCount, count); ; candidates *= growth)
        {
            List<GalleryVector> found = await CandidatesAsync(probe, candidates, isExact, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<FaceCandidate> people = Rank(probe, found);
            if (people.Count >= count || found.Count < candidates)
            {
                return [.. people.Take(count)];
            }
        }
    }

    private Task<List<GalleryVector>> CandidatesAsync(float[] probe, int candidates, bool isExact, CancellationToken cancellationToken) => InTransactionAsync(async connection =>
    {
        await ExecuteAsync(connection, _sql.Settings(isExact, candidates), cancellationToken).ConfigureAwait(false);
        await using NpgsqlCommand command = Command(connection, _sql.Nearest, new Vector(probe), candidates);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var found = new List<GalleryVector>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            found.Add(new GalleryVector(reader.GetString(0), reader.GetString(1), ReadPhotograph(reader, firstColumn: 2), reader.GetFieldValue<Vector>(5).ToArray()));
        }

        return found;
    }, cancellationToken);

    /// <summary>Makes sure that a person is there, holds their row until the transaction ends, and says what they are called.</summary>
    private async Task<(string Name, bool IsNew)> AddPersonAsync(NpgsqlConnection connection, GalleryVector vector, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand add = Command(connection, _sql.AddPerson, vector.PersonId, vector.Name ?? vector.PersonId);
        await using NpgsqlDataReader reader = await add.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (reader.GetString(0), reader.GetBoolean(1));
    }

    private async Task ReadVectorsAsync(NpgsqlConnection connection, string personId, string name, List<GalleryVector> known, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = Command(connection, _sql.VectorsOf, personId);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            known.Add(new GalleryVector(personId, name, ReadPhotograph(reader, firstColumn: 0), reader.GetFieldValue<Vector>(3).ToArray()));
        }
    }

    private async Task CreateOrCheckAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await _dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using (NpgsqlCommand exists = Command(connection, _sql.Exists, _sql.HeaderTable))
        {
            if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!)
            {
                await CreateAsync(connection, cancellationToken).ConfigureAwait(false);
            }
        }

        await connection.ReloadTypesAsync(cancellationToken).ConfigureAwait(false);
        await using NpgsqlCommand header = Command(connection, _sql.Header);
        await using NpgsqlDataReader reader = await header.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (reader.GetString(0) != Model.Fingerprint || reader.GetInt32(1) != Model.EmbeddingSize)
        {
            throw new FaceGalleryException(FaceGalleryProblem.OtherModel,
                $"The gallery '{_options.Schema}' keeps embeddings of the model {reader.GetString(0)} ({reader.GetInt32(1)} numbers), and yours is {Model.Fingerprint} ({Model.EmbeddingSize} numbers). " +
                "Embeddings of different models cannot be compared: open it with its own model, or enroll the photographs again in another schema.");
        }
    }

    private async Task CreateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Two who make the same gallery at the same time do it one after the other.
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(hashtext('Microsoft.ML.ArcFace.Postgres'))", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, "CREATE EXTENSION IF NOT EXISTS vector", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, _sql.Create, cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, _sql.AddHeader, cancellationToken, Model.Fingerprint, Model.EmbeddingSize).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static GalleryPhotograph ReadPhotograph(NpgsqlDataReader reader, int firstColumn) => new(
        reader.GetString(firstColumn), reader.IsDBNull(firstColumn + 1) ? null : reader.GetString(firstColumn + 1), reader.GetFieldValue<DateTimeOffset>(firstColumn + 2));

    private async Task<T> InTransactionAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await _dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        T result = await work(connection).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return result;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken, params object[] parameters)
    {
        await using NpgsqlCommand command = Command(connection, statement, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string statement, params object[] parameters)
    {
        var command = new NpgsqlCommand(statement, connection);
        AddParameters(command.Parameters, parameters);
        return command;
    }

    private static void AddParameters(NpgsqlParameterCollection collection, object[] parameters)
    {
        foreach (object parameter in parameters)
        {
            collection.Add(new NpgsqlParameter { Value = parameter });
        }
    }
}
