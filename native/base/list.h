// native/base/list.h
//
// A doubly linked list whose links live in the elements, so that queueing never allocates.
//
// Ownership: none. An element that dies leaves the list it is in; a list that dies lets its elements go.
// Thread: whoever owns the list; nothing here is locked.
#pragma once

#include <cassert>
#include <cstddef>

namespace holdfast {

class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() {
    if (linked()) unlink();
  }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T>
  friend class List;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

/// T derives from ListNode.
template <typename T>
class List {
 public:
  List() { head_.next_ = head_.previous_ = &head_; }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (pop_front() != nullptr) {
    }
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next_); }
  T* next(T* element) {
    ListNode* node = static_cast<ListNode*>(element)->next_;
    return node == &head_ ? nullptr : static_cast<T*>(node);
  }

  void push_back(T* element) { insert_before(&head_, element); }
  void push_front(T* element) { insert_before(head_.next_, element); }
  T* pop_front() {
    T* element = front();
    if (element != nullptr) static_cast<ListNode*>(element)->unlink();
    return element;
  }
  /// Moves every element of `other`, in order, behind the elements of this list.
  void splice_back(List& other) {
    while (T* element = other.pop_front()) push_back(element);
  }

 private:
  static void insert_before(ListNode* position, T* element) {
    ListNode* node = element;
    assert(!node->linked());
    node->next_ = position;
    node->previous_ = position->previous_;
    position->previous_->next_ = node;
    position->previous_ = node;
  }

  ListNode head_;
};

}  // namespace holdfast
