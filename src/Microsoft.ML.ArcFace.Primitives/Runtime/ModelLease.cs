namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Holds a model that owns native memory, alone or with others: transformers, their copies, services and requests each have a
/// lease of their own. The last lease that ends frees the model. Many threads may use one lease at once.
/// </summary>
/// <typeparam name="T">The model; its disposal frees it, and nobody else calls it.</typeparam>
internal sealed class ModelLease<T> : IDisposable
    where T : class, IDisposable
{
    private readonly Shared _shared;

    /// <summary>Guards the two fields below; whoever ends the lease waits on it for the uses under way.</summary>
    private readonly object _lock = new();
    private int _uses;
    private bool _isEnded;

    /// <summary>Takes over a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="holderName">The name that an <see cref="ObjectDisposedException"/> gives the holder.</param>
    /// <param name="explanation">Why the lease may have ended, and what to do; null if nothing more is known.</param>
    public ModelLease(T model, string holderName, string? explanation = null)
        : this(new Shared(model, holderName, explanation))
    {
    }

    private ModelLease(Shared shared) => _shared = shared;

    /// <summary>Stops counting a lease that was never ended, so that the others' last one frees the model.</summary>
    ~ModelLease() => _shared.Forget();

    /// <summary>Makes the lease of a transformer, which ML.NET's prediction engines dispose of without being asked.</summary>
    public static ModelLease<T> OfTransformer(T model, string name) => new(model, name,
        $"The {name} was disposed of, and its native memory is freed. A PredictionEngine disposes of its model with itself unless PredictionEngineOptions.OwnsTransformer is false: " +
        "create engines that share a model by ml.Model.CreatePredictionEngine<TInput, TOutput>(model, new PredictionEngineOptions { OwnsTransformer = false }), and dispose of the model last.");

    /// <summary>Gets the model, for whoever knows that this lease does not end meanwhile; others use <see cref="Begin"/>.</summary>
    /// <exception cref="ObjectDisposedException">This lease has ended.</exception>
    public T Model
    {
        get
        {
            lock (_lock)
            {
                return _isEnded ? throw _shared.Ended() : _shared.Model;
            }
        }
    }

    /// <summary>Gets the number of leases that the model has, this one among them while it lasts.</summary>
    internal int LeaseCount => _shared.Count;

    /// <summary>Makes another lease of the same model, which lasts independently of this one.</summary>
    /// <exception cref="ObjectDisposedException">This lease has ended.</exception>
    public ModelLease<T> Share() => TryShare() ?? throw _shared.Ended();

    /// <summary>Makes another lease of the same model; null if this one has ended.</summary>
    public ModelLease<T>? TryShare()
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                return null;
            }

            _shared.Add();
            return new ModelLease<T>(_shared);
        }
    }

    /// <summary>Makes another lease of the same model as long as anybody has one, also when this one has ended.</summary>
    /// <exception cref="ObjectDisposedException">No lease lasts any more.</exception>
    public ModelLease<T> Renew() => _shared.TryAdd() ? new ModelLease<T>(_shared) : throw _shared.Ended();

    /// <summary>Begins a use, which keeps the lease from ending until it is disposed of on the same thread.</summary>
    /// <exception cref="ObjectDisposedException">This lease has ended.</exception>
    public Use Begin()
    {
        lock (_lock)
        {
            if (_isEnded)
            {
                throw _shared.Ended();
            }

            _uses++;
            return new Use(this);
        }
    }

    /// <summary>Ends the lease after its uses under way. If it was the last, the model is freed. Ending it again does nothing.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        lock (_lock)
        {
            bool isFirst = !_isEnded;
            _isEnded = true;
            while (_uses > 0)
            {
                Monitor.Wait(_lock);
            }

            if (!isFirst)
            {
                return;
            }
        }

        _shared.Remove();
    }

    private void End()
    {
        lock (_lock)
        {
            if (--_uses == 0)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>One use, on the thread that began it.</summary>
    public readonly ref struct Use(ModelLease<T> lease)
    {
        public T Model => lease._shared.Model;

        public void Dispose() => lease.End();
    }

    /// <summary>Counts the leases of a model.</summary>
    private sealed class Shared(T model, string holderName, string? explanation)
    {
        private int _leases = 1;

        public T Model => model;

        public int Count => Volatile.Read(ref _leases);

        /// <summary>Called while another lease lasts, so that the model is not freed yet.</summary>
        public void Add() => Interlocked.Increment(ref _leases);

        /// <summary>Counts a lease unless the last one has ended.</summary>
        public bool TryAdd()
        {
            int leases = Count;
            while (leases > 0)
            {
                int before = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
                if (before == leases)
                {
                    return true;
                }

                leases = before;
            }

            return false;
        }

        public void Remove()
        {
            if (Interlocked.Decrement(ref _leases) == 0)
            {
                model.Dispose();
            }
        }

        /// <summary>Frees nothing, for the collector does so where no lease is left.</summary>
        public void Forget() => Interlocked.Decrement(ref _leases);

        public ObjectDisposedException Ended() => explanation is null ? new(holderName) : new(holderName, explanation);
    }
}
