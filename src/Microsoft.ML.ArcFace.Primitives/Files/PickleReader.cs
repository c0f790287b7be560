using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.ArcFace.Files;

/// <summary>
/// Interprets the opcodes that hold data (Python's pickletools names them), in one pass without recursion, and refuses
/// the others. Time grows with the length of the pickle alone, memory is limited.
/// </summary>
/// <param name="reader">Stands at the pickle; stands behind it afterwards.</param>
/// <param name="vocabulary">What the pickle may name and call.</param>
/// <param name="memoryBudget">Bytes that its values may take, roughly.</param>
internal sealed class PickleReader(ByteReader reader, PickleVocabulary vocabulary, long memoryBudget)
{
    private const int NewestProtocol = 5;
    private const int LargestStack = 1 << 16;
    private const int LargestMarkCount = 1 << 10;
    private const int LongestName = 200;

    // Rough sizes of .NET objects, for the budget.
    private const int ObjectCost = 64, ItemCost = 16, MemoCost = 40;

    private static readonly object True = true, False = false;

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private long _cost;

    /// <summary>Reads one pickle and gives its value.</summary>
    /// <exception cref="PickleException">It is damaged, asks for more than data, or takes too much memory.</exception>
    public static object? Read(ByteReader reader, PickleVocabulary vocabulary, long memoryBudget)
    {
        try
        {
            return new PickleReader(reader, vocabulary, memoryBudget).Run();
        }
        catch (EndOfStreamException)
        {
            throw new PickleException("it ends before its STOP: it is truncated");
        }
    }

    private object? Run()
    {
        while (true)
        {
            byte opcode = reader.ReadByte();
            switch (opcode)
            {
                // Frame of the program.
                case 0x80: CheckProtocol(reader.ReadByte()); break;                         // PROTO
                case 0x95: CheckFrame(reader.ReadInt64()); break;                           // FRAME
                case (byte)'.': return Result();                                            // STOP

                // Numbers and truth values.
                case (byte)'N': Push(null); break;                                          // NONE
                case 0x88: Push(True); break;                                               // NEWTRUE
                case 0x89: Push(False); break;                                              // NEWFALSE
                case (byte)'K': PushNew((long)reader.ReadByte()); break;                    // BININT1
                case (byte)'M': PushNew((long)reader.ReadUInt16()); break;                  // BININT2
                case (byte)'J': PushNew((long)reader.ReadInt32()); break;                   // BININT
                case 0x8a: PushNew(Integer(reader.ReadByte())); break;                      // LONG1
                case (byte)'G': PushNew(reader.ReadBigEndianDouble()); break;               // BINFLOAT

                // Text and bytes.
                case 0x8c: PushText(reader.ReadByte(), PickleTextKind.Unicode); break;      // SHORT_BINUNICODE
                case (byte)'X': PushText(reader.ReadUInt32(), PickleTextKind.Unicode); break; // BINUNICODE
                case (byte)'C': PushText(reader.ReadByte(), PickleTextKind.Bytes); break;   // SHORT_BINBYTES
                case (byte)'B': PushText(reader.ReadUInt32(), PickleTextKind.Bytes); break; // BINBYTES
                case 0x96: PushText(reader.ReadInt64(), PickleTextKind.Bytes); break;       // BYTEARRAY8
                case (byte)'U': PushText(reader.ReadByte(), PickleTextKind.Python2); break; // SHORT_BINSTRING
                case (byte)'T': PushText(reader.ReadUInt32(), PickleTextKind.Python2); break; // BINSTRING

                // Collections.
                case (byte)'(': Mark(); break;                                              // MARK
                case (byte)')': PushNew(new PickleTuple([])); break;                        // EMPTY_TUPLE
                case 0x85: PushNew(new PickleTuple(Pop(1))); break;                         // TUPLE1
                case 0x86: PushNew(new PickleTuple(Pop(2))); break;                         // TUPLE2
                case 0x87: PushNew(new PickleTuple(Pop(3))); break;                         // TUPLE3
                case (byte)'t': PushNew(new PickleTuple(PopToMark())); break;               // TUPLE
                case (byte)']': PushNew(new PickleList([])); break;                         // EMPTY_LIST
                case (byte)'a': Append(Pop(1)); break;                                      // APPEND
                case (byte)'e': Append(PopToMark()); break;                                 // APPENDS
                case (byte)'}': PushNew(new PickleDictionary([])); break;                   // EMPTY_DICT
                case (byte)'s': SetItems(Pop(2)); break;                                    // SETITEM
                case (byte)'u': SetItems(PopToMark()); break;                               // SETITEMS

                // The memo.
                case (byte)'q': Remember(reader.ReadByte()); break;                         // BINPUT
                case (byte)'r': Remember(reader.ReadUInt32()); break;                       // LONG_BINPUT
                case 0x94: Remember((uint)_memo.Count); break;                              // MEMOIZE
                case (byte)'h': Push(Recall(reader.ReadByte())); break;                     // BINGET
                case (byte)'j': Push(Recall(reader.ReadUInt32())); break;                   // LONG_BINGET

                // Names and calls, as far as the vocabulary goes.
                case (byte)'c': Push(vocabulary.Global(Line(), Line())); break;             // GLOBAL
                case 0x93: PushGlobal(Pop(2)); break;                                       // STACK_GLOBAL
                case (byte)'R': Reduce(Pop(2)); break;                                      // REDUCE
                case (byte)'b': Build(Pop(1)[0]); break;                                    // BUILD
                case (byte)'Q': PushNew(vocabulary.Persistent(Pop(1)[0])); break;           // BINPERSID

                default:
                    throw new PickleException($"it has the opcode 0x{opcode:x2} at position {reader.Position - 1}, which is not needed for data and not allowed here");
            }
        }
    }

    private static void CheckProtocol(byte protocol)
    {
        if (protocol > NewestProtocol)
        {
            throw new PickleException($"it has protocol {protocol}; known are those up to {NewestProtocol}");
        }
    }

    private void CheckFrame(long length)
    {
        if (length < 0 || length > reader.Remaining)
        {
            throw new PickleException($"it announces {length} bytes at position {reader.Position}, but {reader.Remaining} are left");
        }
    }

    private object? Result() => _stack.Count == 1 && _marks.Count == 0
        ? _stack[0]
        : throw new PickleException($"it stops with {_stack.Count} values; a pickle has one");

    private void Charge(long cost)
    {
        _cost += cost;
        if (_cost > memoryBudget)
        {
            throw new PickleException($"its values would take more than {memoryBudget} bytes of memory, which is more than the file can need");
        }
    }

    private void Push(object? value)
    {
        if (_stack.Count >= LargestStack)
        {
            throw new PickleException($"it keeps more than {LargestStack} values on its stack");
        }

        _stack.Add(value);
    }

    private void PushNew(object? value)
    {
        Charge(ObjectCost);
        Push(value);
    }

    private void PushText(long length, PickleTextKind kind)
    {
        if (length < 0 || length > reader.Remaining || length > Array.MaxLength)
        {
            throw new PickleException($"a text at position {reader.Position} claims {length} bytes, but {reader.Remaining} are left");
        }

        PushNew(new PickleText(reader.Position, (int)length, kind));
        reader.Skip(length);
    }

    private object Integer(byte byteCount)
    {
        var value = new BigInteger(reader.Take(byteCount));
        Charge(byteCount);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    private void Mark()
    {
        if (_marks.Count >= LargestMarkCount)
        {
            throw new PickleException($"it nests more than {LargestMarkCount} collections");
        }

        _marks.Add(_stack.Count);
    }

    private object?[] Pop(int count)
    {
        int floor = _marks.Count == 0 ? 0 : _marks[^1];
        if (_stack.Count - count < floor)
        {
            throw new PickleException($"it takes {count} values off its stack at position {reader.Position}, where {_stack.Count - floor} are");
        }

        Charge(count * ItemCost);
        object?[] values = CollectionsMarshal.AsSpan(_stack)[^count..].ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw new PickleException($"it ends a collection at position {reader.Position} that it did not begin");
        }

        object?[] values = Pop(_stack.Count - _marks[^1]);
        _marks.RemoveAt(_marks.Count - 1);
        return values;
    }

    private object? Top => _stack.Count > (_marks.Count == 0 ? 0 : _marks[^1])
        ? _stack[^1]
        : throw new PickleException($"its stack is empty at position {reader.Position}");

    private void Append(object?[] values)
    {
        if (Top is not PickleList list)
        {
            throw new PickleException($"it appends to what is no list at position {reader.Position}");
        }

        Charge(values.Length * ItemCost);
        list.Items.AddRange(values);
    }

    private void SetItems(object?[] values)
    {
        if (Top is not PickleDictionary dictionary || values.Length % 2 != 0)
        {
            throw new PickleException($"it sets items of what is no dictionary, or half an item, at position {reader.Position}");
        }

        Charge(values.Length * ItemCost);
        for (int i = 0; i < values.Length; i += 2)
        {
            dictionary.Items.Add(new(values[i], values[i + 1]));
        }
    }

    private void Remember(uint index)
    {
        object? value = Top;
        if (!_memo.ContainsKey(index))
        {
            Charge(MemoCost);
        }

        _memo[index] = value;
    }

    private object? Recall(uint index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw new PickleException($"it recalls memo {index} at position {reader.Position}, which it never stored");

    private void PushGlobal(object?[] names)
    {
        if (names is not [PickleText module, PickleText name])
        {
            throw new PickleException($"it names a global by something that is no text at position {reader.Position}");
        }

        Push(vocabulary.Global(module.Read(reader.Source, LongestName), name.Read(reader.Source, LongestName)));
    }

    private void Reduce(object?[] call)
    {
        if (call[1] is not PickleTuple arguments)
        {
            throw new PickleException($"it calls without a tuple of arguments at position {reader.Position}");
        }

        // What a call makes of its arguments is at most a copy of them.
        Charge(ItemCost * arguments.Items.Sum(item => (long)(item switch
        {
            PickleTuple tuple => tuple.Items.Length,
            PickleList list => list.Items.Count,
            _ => 1,
        })));
        PushNew(vocabulary.Call(call[0], arguments));
    }

    private void Build(object? state) => vocabulary.Build(Top, state);

    private string Line()
    {
        Span<byte> line = stackalloc byte[LongestName];
        for (int length = 0; ; length++)
        {
            byte value = reader.ReadByte();
            if (value == (byte)'\n')
            {
                return Encoding.UTF8.GetString(line[..length]);
            }

            if (length == LongestName)
            {
                throw new PickleException($"it has a name of more than {LongestName} bytes before position {reader.Position}");
            }

            line[length] = value;
        }
    }
}
